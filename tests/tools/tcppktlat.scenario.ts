import type { Scenario } from "../kernel/scenario.ts";
import { runReads } from "./reads.ts";

let run: { readonly pid: number; readonly port: number } | undefined;

/** Reads of what has come in several segments. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    run = runReads(tool, "once", 11);
  },
  event: () =>
    new RegExp(
      `^${run?.pid} +${run?.pid} +reads +127\\.0\\.0\\.1 +${run?.port} +127\\.0\\.0\\.1 +\\d+ +\\d+\\.\\d\\d$`,
      "gm",
    ),
  count: 11,
};
