import { type Carried, runCarries } from "./holding.ts";
import type { Scenario } from "../kernel/scenario.ts";

let made: Carried | undefined;

/** The two ends of a connection, whose bytes all go one way, and so are in one table each. */
export const scenario: Scenario = {
  args: ["-C", "--rows", "1000"],
  isolated: true,
  workload(tool) {
    made = runCarries(tool, "write", 1009);
  },
  event: () =>
    new RegExp(
      `^(${made?.client} +carries +127\\.0\\.0\\.1:\\d+ +127\\.0\\.0\\.1:${made?.port} +0 +1|` +
        `${made?.worker} +carries-worker +127\\.0\\.0\\.1:${made?.port} +127\\.0\\.0\\.1:\\d+ +1 +0)$`,
      "gm",
    ),
  count: 2,
};
