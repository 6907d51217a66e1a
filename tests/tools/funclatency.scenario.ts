import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/functions", import.meta.url).pathname;

/** A row for each process, in whatever table: it calls main() once. */
export const scenario: Scenario = {
  operands: ["c:getpgid"],
  args: [
    ...["--ppid", `${Deno.pid}`, "--by", "pid", "--summary", "-i", "0.2"],
    `${workload}:main`,
  ],
  async workload() {
    for (let i = 0; i < 23; i++) await new Deno.Command(workload).output();
  },
  event: () => /^ *\d+ +1 +\d/gm,
  count: 23,
  interrupted: true, // other processes end while a program runs that has lost the CPU
};
