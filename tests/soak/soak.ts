/**
 * An hour of the tools under load: `make soak`, or `make soak MINUTES=10`. Every minute a line says what
 * they have shown and what they hold; at the end all counts must be exact, and memory and open files flat.
 */

import { cgroupMount } from "#lib/sys/cgroups.ts";

const minutes = Number(Deno.env.get("MINUTES") || 60);
const root = new URL("../../", import.meta.url).pathname;

/** What one round of load makes: the shell's own exec, that of the workload and of its processes. */
const EXECS = 997;
const CALLS = 100_003;
const WORKERS = 4;

/**
 * Memory that may come on top of what a tool holds once it is warm, in KiB, and when it is. That is its
 * own memory (RssAnon). Pages of Deno's file, which are shared and can be taken back at any time, are
 * mapped for an hour as V8 does this or that for the first time.
 */
const GROWTH_KIB = 4096;
const WARM_UP = 1 / 5;

/** A tool that runs, of which the rows are counted and thrown away. */
class Soaked {
  rows = 0;
  sum = 0;
  stderr = "";
  readonly own: number[] = [];
  readonly shared: number[] = [];
  readonly files: number[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly started: Promise<void>;

  constructor(readonly name: string, args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-ffi", "--allow-read", `${root}tools/${name}.ts`, ...args, "-o", "csv"],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.started = promise;
    this.#ended = Promise.all([this.#count(resolve), this.#listen()]);
  }

  async #count(started: () => void): Promise<void> {
    let line = "";
    let header = true;
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (line + text).split("\n");
      line = lines.pop()!;
      if (header && lines.length > 0) {
        lines.shift();
        header = false;
        started();
      }
      this.rows += lines.length;
      for (const row of lines) this.sum += Number(row.slice(row.lastIndexOf(",") + 1)) || 0;
    }
  }

  async #listen(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.stderr += text;
    }
  }

  sample(): void {
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    const kib = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)![1]);
    this.own.push(kib("RssAnon"));
    this.shared.push(kib("RssFile"));
    this.files.push([...Deno.readDirSync(`/proc/${this.#child.pid}/fd`)].length);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGINT");
    await this.#ended;
  }

  get lost(): number {
    return Number(/lost (\d+) events in all/.exec(this.stderr)?.[1] ?? 0);
  }
}

const cgroup = `${cgroupMount()}/denobpf-soak-${Deno.pid}`;
Deno.mkdirSync(cgroup);

async function run(...command: string[]): Promise<void> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `echo 0 > ${cgroup}/cgroup.procs && exec "$@"`, "sh", ...command],
    stdout: "null",
  }).output();
  if (!success) throw new Error(`${command.join(" ")} failed`);
}

const fields = ["-c", cgroup, "--fields", "pid,comm"];
const execsnoop = new Soaked("execsnoop", fields);
const bootstrap = new Soaked("bootstrap", fields);
const syscount = new Soaked("syscount", [
  ...["-c", cgroup, "-i", "1", "--syscall", "getppid"],
  ...["--fields", "syscall,count"],
]);
const tools = [execsnoop, bootstrap, syscount];
await Promise.all(tools.map((tool) => tool.started));

const row = (cells: string[], memory: string[]) =>
  console.log([...cells.map((c) => c.padStart(9)), ...memory.map((m) => m.padStart(12))].join(" "));
console.log("Memory in MiB: a tool's own + pages of files, which are shared");
row(["minutes", "execs", "rows", "lost"], tools.map(({ name }) => name));
const end = performance.now() + minutes * 60_000;
let rounds = 0;
let next = 0;
while (performance.now() < end) {
  await run(`${root}build/tests/storm`, "execs", String(EXECS), String(WORKERS));
  await run(`${root}build/tests/syscalls`, `many=${CALLS}`);
  rounds++;
  if (performance.now() < next) continue;
  next = performance.now() + 60_000;
  for (const tool of tools) tool.sample();
  const passed = minutes - Math.round((end - performance.now()) / 60_000);
  row(
    [passed, rounds * (EXECS + 2), execsnoop.rows, execsnoop.lost].map(String),
    tools.map(({ own, shared }) =>
      [own, shared].map((list) => (list.at(-1)! / 1024).toFixed(1)).join(" + ")
    ),
  );
}
for (const tool of tools) await tool.stop();
Deno.removeSync(cgroup);

/** Every exec, and every end: of the processes, of the workers, of both workloads. */
const expected = new Map([
  [execsnoop, rounds * (EXECS + 2)],
  [bootstrap, rounds * (2 * EXECS + 2 + WORKERS + 2)],
]);
let faults = 0;
function check(fine: boolean, what: string): void {
  console.log(`${fine ? "ok    " : "FAILED"} ${what}`);
  if (!fine) faults++;
}
for (const [tool, count] of expected) {
  check(
    tool.rows + tool.lost === count,
    `${tool.name}: ${tool.rows} shown + ${tool.lost} lost, of ${count}`,
  );
}
check(
  syscount.sum + syscount.lost === rounds * CALLS,
  `syscount: ${syscount.sum} counted + ${syscount.lost} lost, of ${rounds * CALLS}`,
);
for (const { name, own, files } of tools) {
  const warm = own.slice(Math.floor(own.length * WARM_UP));
  const growth = Math.max(...warm) - warm[0];
  check(growth <= GROWTH_KIB, `${name}: ${warm[0]} KiB when warm, then at most ${growth} more`);
  check(
    Math.max(...files) === files[0],
    `${name}: ${files[0]} open files, at most ${Math.max(...files)}`,
  );
}
Deno.exit(faults > 0 ? 1 : 0);
