import type { Scenario } from "../kernel/scenario.ts";
import { runTcp, type TcpRun } from "./tcp_workload.ts";

let made: TcpRun | undefined;

/** 11 connections to a port where nobody listens. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    made = runTcp(tool, "refused", 11);
  },
  event: () =>
    new RegExp(
      `^\\S+ - +4 +127\\.0\\.0\\.1:\\d+ +> 127\\.0\\.0\\.1:${made?.port} +- \\(SYN\\) +\\S.*$`,
      "gm",
    ),
  count: 11,
};
