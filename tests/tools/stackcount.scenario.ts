import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/functions", import.meta.url).pathname;

/** A row for each process, in whatever table: it calls main() once. */
export const scenario: Scenario = {
  operands: ["t:sched:sched_process_exec"],
  args: ["--ppid", `${Deno.pid}`, "--by", "pid", "-i", "0.2", `${workload}:main`],
  async workload() {
    for (let i = 0; i < 23; i++) await new Deno.Command(workload).output();
  },
  event: () => /^ {4}\[\d+\]\n {4}1$/gm,
  count: 23,
};
