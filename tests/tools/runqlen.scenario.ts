import { findsVariable } from "#lib/tool/kernel_variables.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** Whatever CPUs do, there is one row for all of them. */
export const scenario: Scenario = {
  args: ["--summary", "0.3", "1"],
  event: () => /^ *[1-9]\d* +\d+\.\d{3} +\d+ +\d+\.\d\d$/m,
  count: 1,
  lacks: () => findsVariable("runqueues") ? undefined : /lets no program find the run queues/,
};
