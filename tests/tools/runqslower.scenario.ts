import { RENAMED, runRenamed } from "./renamed.ts";
import type { Scenario } from "../kernel/scenario.ts";

const FORKS = "i=0; while [ $i -lt 23 ]; do (:); i=$((i + 1)); done";

/** The first wait of each new process, which keeps the name of its parent. */
export const scenario: Scenario = {
  args: ["0", "-c", RENAMED, "--filter", "kind==new"],
  workload: () => runRenamed("/bin/sh", ["-c", FORKS]),
  event: () => new RegExp(`^\\S+ ${RENAMED} +\\d+ +\\d+$`, "gm"),
  count: 23,
  interrupted: true, // a task is woken up in an interrupt, too
};
