import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/leaks", import.meta.url).pathname;

/**
 * Processes with an allocator of their own, each of which keeps one block of three. None is old enough to be shown
 * before its process has ended, and then it is shown once.
 */
export const scenario: Scenario = {
  args: [
    "--ppid",
    `${Deno.pid}`,
    "-O",
    workload,
    "-S",
    "own_",
    "-o",
    "1000000000",
    "-T",
    "100",
    "0.2",
  ],
  async workload() {
    for (let i = 0; i < 23; i++) {
      const child = new Deno.Command(workload, { args: ["own"], stdin: "piped", stdout: "null" })
        .spawn();
      const writer = child.stdin.getWriter();
      await writer.write(Uint8Array.of(0, 0)); // for the work, and for the end
      await writer.close();
      await child.status;
    }
  },
  event: () => /^56 bytes in 1 allocations from stack$/gm,
  count: 23,
  // Exits of all processes are looked at. The kernel leaves one out that preempts the tool in a call about a map.
  interrupted: true,
};
