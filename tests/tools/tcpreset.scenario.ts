import type { Scenario } from "../kernel/scenario.ts";
import { runTcp, type TcpRun } from "./tcp_workload.ts";

let made: TcpRun | undefined;

/** 11 connections to a port where nobody listens: their process receives 11 resets. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    made = runTcp(tool, "refused", 11);
  },
  event: () =>
    new RegExp(
      `^${made?.client} +tcp +127\\.0\\.0\\.1:\\d+ +<- 127\\.0\\.0\\.1:${made?.port} +ECONNREFUSED *$`,
      "gm",
    ),
  count: 11,
};
