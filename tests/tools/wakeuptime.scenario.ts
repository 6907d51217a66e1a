import { startSleeper } from "./asked.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** A process that sleeps, which may be in several tables. */
export const scenario: Scenario = {
  args: ["-K", "-i", "0.3", "--ppid", `${Deno.pid}`, "--comm", "sleeps", "--rows", "1"],
  async workload() {
    await using sleeper = await startSleeper();
    await sleeper.work();
  },
  event: () => /^\ttarget: {10}sleeps\n(?:\t.+\n)+\t {10}waker: .+\n\t\d+$/m,
  count: 1,
  interrupted: true,
};
