import type { Scenario } from "../kernel/scenario.ts";

/** Whatever runs: the timers of a CPU do so all the time. */
export const scenario: Scenario = {
  args: ["0", "--events", "23"],
  event: () => /^[\d:]+ (raise to softirq|softirq runtime) +[a-z_]+ +\d+\.\d +\d+ +\S.*$/gm,
  count: 23,
};
