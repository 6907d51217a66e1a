/** What the kernel holds of BPF. Others on this host load programs too: a test asks for what is its own. */
import { delay, patient } from "./patience.ts";

/** How long the kernel may take, behind an RCU grace period, to free what nobody uses any more. */
const LIMIT_MS = 30_000;

const KINDS = ["prog", "map", "link"] as const;

/** Programs, maps and links, by id. */
export type Loaded = Record<typeof KINDS[number], number[]>;

/** All that there is on this host. */
export async function loadedNow(): Promise<Loaded> {
  const ids = async (kind: typeof KINDS[number]) => (await list(kind)).map(({ id }) => id);
  return { prog: await ids("prog"), map: await ids("map"), link: await ids("link") };
}

async function list(kind: typeof KINDS[number]): Promise<{ id: number; map_ids?: number[] }[]> {
  const { stdout } = await new Deno.Command("bpftool", {
    args: ["-j", kind, "list"],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    stderr: "null",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** What the kernel says of each file that a process has open: proc_pid_fdinfo(5); nothing if it is gone. */
export function openFiles(pid: number | string): string[] {
  const folder = `/proc/${pid}/fdinfo`;
  const names = orNothing(() => [...Deno.readDirSync(folder)]) ?? [];
  return names.map(({ name }) => orNothing(() => Deno.readTextFileSync(`${folder}/${name}`)) ?? "");
}

/** What a process has open; nothing if it is gone. */
export function heldBy(pid: number | string): Loaded {
  const held: Loaded = { prog: [], map: [], link: [] };
  for (const text of openFiles(pid)) {
    for (const kind of KINDS) {
      const id = new RegExp(`^${kind}_id:\\s*(\\d+)`, "m").exec(text)?.[1];
      if (id !== undefined) held[kind].push(Number(id));
    }
  }
  return held;
}

/** What is read of a process; undefined if it has ended by now, or closed the file. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** What the processes of this host have open, and the maps of those programs. */
async function heldByAny(): Promise<Loaded> {
  const programs = await list("prog");
  const held: Loaded = { prog: [], map: [], link: [] };
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const its = heldBy(name);
    for (const kind of KINDS) held[kind].push(...its[kind]);
  }
  const maps = programs.filter(({ id }) => held.prog.includes(id))
    .flatMap(({ map_ids = [] }) => map_ids);
  return { ...held, map: [...held.map, ...maps] };
}

/** Waits until all of these are gone. */
export async function gone(these: Loaded): Promise<void> {
  for (const deadline = performance.now() + patient(LIMIT_MS);;) {
    const now = await loadedNow();
    const left = KINDS.flatMap((kind) =>
      these[kind].filter((id) => now[kind].includes(id)).map((id) => `${kind} ${id}`)
    );
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`still loaded: ${left.join(", ")}`);
    await delay(20);
  }
}

/** Waits until all is gone that was not there before, and that no process has open. */
export async function nothingBut(before: Loaded): Promise<void> {
  const now = await loadedNow();
  const held = await heldByAny();
  const left = (kind: typeof KINDS[number]) =>
    now[kind].filter((id) => !before[kind].includes(id) && !held[kind].includes(id));
  await gone({ prog: left("prog"), map: left("map"), link: left("link") });
}
