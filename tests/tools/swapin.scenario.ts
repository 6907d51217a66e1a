import { runSwaps, swap } from "./swap.ts";
import type { Scenario } from "../kernel/scenario.ts";

let pid = 0;

/** The row of a process that has one page read from swap. */
export const scenario: Scenario = {
  needs: ["fentry", "disposable"],
  args: ["--comm", "swaps"],
  async workload() {
    using _ = swap(0);
    ({ pid } = await runSwaps(1));
  },
  event: () => new RegExp(`^swaps +${pid} +1 *$`, "gm"),
  count: 1,
};
