import type { Scenario } from "../kernel/scenario.ts";
import { runTcp } from "./tcp_workload.ts";

let client = 0;

/** Connections, and not the attempts that are refused. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    runTcp(tool, "refused", 7);
    client = runTcp(tool, "server", 23).client;
  },
  event: () =>
    new RegExp(
      `^${client} +tcp +4 +127\\.0\\.0\\.1 +127\\.0\\.0\\.1 +\\d+ +\\d+\\.\\d\\d *$`,
      "gm",
    ),
  count: 23,
};
