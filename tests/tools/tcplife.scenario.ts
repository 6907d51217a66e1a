import type { Scenario } from "../kernel/scenario.ts";
import { runTcp, type TcpRun } from "./tcp_workload.ts";

let run: TcpRun | undefined;

/** Both ends of each connection, with what was sent and received in KiB. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    run = runTcp(tool, "server", 23);
  },
  event: () =>
    new RegExp(
      `^(${run?.client} +tcp +127\\.0\\.0\\.1 .* 0\\.99 +2\\.93|` +
        `${run?.server} +tcp-server +127\\.0\\.0\\.1 .* 2\\.93 +0\\.99) +[\\d.]+$`,
      "gm",
    ),
  count: 46,
};
