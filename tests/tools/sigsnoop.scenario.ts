import { RENAMED, runRenamed } from "./renamed.ts";
import type { Scenario, Scenarios } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/signals", import.meta.url).pathname;

/** Signals that are sent. */
export const scenario: Scenario = {
  args: ["-n", "-s", "RTMIN+5"],
  workload: () => runRenamed(workload, ["kill"]),
  event: () =>
    new RegExp(`^\\S+ +\\d+ +${RENAMED} +SIGRTMIN\\+5 +\\d+ +receiver +delivered *$`, "gm"),
  count: 31,
};

/** System calls. */
export const more: Scenarios["more"] = {
  "shows calls that fail": {
    args: ["-x"],
    workload: () => runRenamed(workload, ["kill", "nobody"]),
    event: () => new RegExp(`^\\S+ +\\d+ +${RENAMED} +37 +\\d+ +receiver +EPERM *$`, "gm"),
    count: 3,
  },
};
