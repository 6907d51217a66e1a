import type { Scenario } from "../kernel/scenario.ts";
import { runTcp, type TcpRun } from "./tcp_workload.ts";

let run: TcpRun | undefined;

/** Each connection that a worker accepts on its parent's socket, and what it waited. */
export const scenario: Scenario = {
  args: ["--wait"],
  isolated: true,
  workload(tool) {
    run = runTcp(tool, "prefork", 23);
  },
  event: () =>
    new RegExp(
      `^${run?.server} +tcp-server +4 +127\\.0\\.0\\.1 +\\d+ +127\\.0\\.0\\.1 +${run?.port} +` +
        "\\d+\\.\\d{2} +0 +128 *$",
      "gm",
    ),
  count: 23,
};
