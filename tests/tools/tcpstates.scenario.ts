import type { Scenario } from "../kernel/scenario.ts";
import { runTcp, type TcpRun } from "./tcp_workload.ts";

let run: TcpRun | undefined;

/** All changes of 7 connections: 5 of each end, and 2 of the socket that listens. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    run = runTcp(tool, "server", 7);
  },
  event: () =>
    new RegExp(
      `^[0-9a-f]{16} (${run?.client} +tcp +|${run?.server} +tcp-server )127\\.0\\.0\\.1 .*` +
        "[A-Z_12]+ +-> [A-Z_12]+ +(-|\\d+\\.\\d{3})$",
      "gm",
    ),
  count: 72,
};
