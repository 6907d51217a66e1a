import type { Scenario } from "../kernel/scenario.ts";
import { runTcp } from "./tcp_workload.ts";

/** A row for each of the ports where nobody listens, in whatever table. */
export const scenario: Scenario = {
  isolated: true,
  args: ["--proto", "tcp", "--by", "port", "-L", "44001,44002,44003,44004,44005", "0.3"],
  workload(tool) {
    for (let port = 44_001; port <= 44_005; port++) runTcp(tool, "refused", 1, { port });
  },
  event: () => /^ +1 +\d+ +tcp +in +4400[1-5] .*tcp_v4_rcv$/gm,
  count: 5,
};
