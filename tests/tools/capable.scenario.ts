import { RENAMED, runRenamed } from "./renamed.ts";
import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/checks", import.meta.url).pathname;

/** Checks that are refused. */
export const scenario: Scenario = {
  args: ["--cap", "CAP_SYS_CHROOT"],
  workload: () => runRenamed(workload, ["nobody", "23"]),
  event: () => new RegExp(`^\\S+ 65534 +\\d+ +${RENAMED} +18 +CAP_SYS_CHROOT +\\S +deny`, "gm"),
  count: 23,
};
