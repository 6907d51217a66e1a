import { type FutexRun, runFutexes } from "./futexes.ts";
import type { Scenario } from "../kernel/scenario.ts";

let run: FutexRun | undefined;

/** Waits for a word that has another value: each ends at once, and all are in one row. */
export const scenario: Scenario = {
  args: ["--comm", "futexes", "-s", "0.3"],
  workload() {
    run = runFutexes("changed");
  },
  event: () =>
    new RegExp(
      `^futexes\\[${run?.pid}\\] lock ${run?.address} contended 7 times, \\d+ avg usecs ` +
        "\\[max: \\d+ usecs, min \\d+ usecs\\] wait: wait, changed(, at .*)?$",
      "gm",
    ),
  count: 1,
};
