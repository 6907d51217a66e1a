import { runCarries } from "./holding.ts";
import type { Scenario } from "../kernel/scenario.ts";

let ports: number[] = [];

/** Servers that send nothing, however much they receive: of each the handshake alone is measured. */
export const scenario: Scenario = {
  args: ["--by", "lport", "--summary", "0.3"],
  isolated: true,
  workload(tool) {
    ports = [1, 2, 3].map(() => runCarries(tool, "write", 1_000_003).port);
  },
  event: () => new RegExp(`^(${ports.join("|") || "none"}) +1( +\\d+\\.\\d){6}$`, "gm"),
  count: 3,
};
