import type { Scenario } from "../kernel/scenario.ts";
import { runTcp } from "./tcp_workload.ts";

let clients: number[] = [];

/** Attempts that succeed and attempts that are refused, each with its end. */
export const scenario: Scenario = {
  args: ["--result", "-P", "7013"],
  isolated: true,
  workload(tool) {
    clients = [
      runTcp(tool, "server", 13, { port: 7013 }).client,
      runTcp(tool, "refused", 7, { port: 7013 }).client,
    ];
  },
  event: () =>
    new RegExp(
      `^(${clients.join("|")}) +tcp +4 +127\\.0\\.0\\.1 +127\\.0\\.0\\.1 +7013 ` +
        "+(established|refused) +[\\d.]+$",
      "gm",
    ),
  count: 20,
};
