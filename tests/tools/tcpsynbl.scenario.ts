import type { Scenario } from "../kernel/scenario.ts";
import { runTcp } from "./tcp_workload.ts";

let ports: number[] = [];

/** Servers to each of which one connection comes. */
export const scenario: Scenario = {
  args: ["--summary", "0.3"],
  isolated: true,
  workload(tool) {
    ports = Array.from({ length: 5 }, () => runTcp(tool, "client", 1).port);
  },
  event: () =>
    new RegExp(
      `^\\d+ +tcp-server +127\\.0\\.0\\.1 +(${ports.join("|") || "none"}) +128 +1 +0\\.0 `,
      "gm",
    ),
  count: 5,
};
