import type { Scenario } from "../kernel/scenario.ts";
import { runTcp, type TcpRun } from "./tcp_workload.ts";

let run: TcpRun | undefined;

/** Three events of each client, and of the process that accepts it. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    run = runTcp(tool, "prefork", 7);
  },
  event: () =>
    new RegExp(
      `^(C ${run?.client} +tcp|A ${run?.server} +tcp-server|X (${run?.client} +tcp|` +
        `${run?.server} +tcp-server)) +4 +127\\.0\\.0\\.1 +127\\.0\\.0\\.1 +\\d+ +\\d+ *$`,
      "gm",
    ),
  count: 28,
};
