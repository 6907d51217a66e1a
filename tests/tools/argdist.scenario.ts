import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/functions", import.meta.url).pathname;

/** A row for each process, in whatever table: it calls main() once. */
export const scenario: Scenario = {
  operands: ["-C", "t:sched:sched_process_exec pid == old_pid"],
  args: ["--ppid", `${Deno.pid}`, "-i", "0.2", "-C", `${workload}:main(int argc) $tgid, argc`],
  async workload() {
    for (let i = 0; i < 23; i++) await new Deno.Command(workload).output();
  },
  event: () => /^\t1 {10}\$tgid = \d+, argc = 1$/gm,
  count: 23,
};
