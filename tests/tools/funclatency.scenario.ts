import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/functions", import.meta.url).pathname;

/** A row for each process, in whatever table. */
export const scenario: Scenario = {
  operands: ["c:getpgid"],
  args: [
    ...["--ppid", `${Deno.pid}`, "--by", "pid", "--summary", "-i", "0.2"],
    `${workload}:f1`,
  ],
  async workload() {
    for (let i = 0; i < 23; i++) await new Deno.Command(workload).output();
  },
  event: () => /^ *\d+ +3 +\d/gm,
  count: 23,
};
