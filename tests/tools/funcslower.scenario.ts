import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/calls", import.meta.url).pathname;

/** Calls that take 100 ms, whatever else the machine does. */
export const scenario: Scenario = {
  operands: ["c:getpgid"],
  args: ["-m", "100", "--ppid", `${Deno.pid}`, `${workload}:slow`],
  workload: () => new Deno.Command(workload, { args: ["sleep", "7"] }).output(),
  event: () => /^calls +\d+ +\d{3,}\.\d\d +[\da-f]+ slow$/gm,
  count: 7,
};
