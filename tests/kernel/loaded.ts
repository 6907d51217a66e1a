import { delay } from "./patience.ts";

/** What the kernel holds of BPF, as bpftool tells it. */

/** The programs, maps and links that are there, by id. Another user of BPF on this host is seen too. */
export async function loadedNow(): Promise<Record<"prog" | "map" | "link", number[]>> {
  return {
    prog: await idsOf("prog"),
    map: await idsOf("map"),
    link: await idsOf("link"),
  };
}

async function idsOf(kind: "prog" | "map" | "link"): Promise<number[]> {
  const { stdout } = await new Deno.Command("bpftool", {
    args: ["-j", kind, "list"],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    stderr: "null",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).map(({ id }: { id: number }) => id);
}

/**
 * Waits until nothing is loaded that was not before: links of a killed process are freed a moment after
 * it, and the kernel frees programs and maps behind an RCU grace period.
 *
 * @throws {Error} something is still there after `limitMs`
 */
export async function nothingBut(
  before: Awaited<ReturnType<typeof loadedNow>>,
  limitMs: number,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const now = await loadedNow();
    const left = (["prog", "map", "link"] as const).flatMap((kind) =>
      now[kind].filter((id) => !before[kind].includes(id)).map((id) => `${kind} ${id}`)
    );
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`still loaded: ${left.join(", ")}`);
    await delay(20);
  }
}
