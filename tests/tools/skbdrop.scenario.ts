import type { Scenario } from "../kernel/scenario.ts";
import { runTcp } from "./tcp_workload.ts";

/** Ports of this process alone: the tool counts in all networks, and others may run the same. */
const first = 44_000 + 5 * (Deno.pid % 1000);
const ports = [0, 1, 2, 3, 4].map((at) => first + at);

/** A row for each of the ports where nobody listens, in whatever table. */
export const scenario: Scenario = {
  isolated: true,
  args: ["--proto", "tcp", "--by", "port", "-L", ports.join(), "0.3"],
  workload(tool) {
    for (const port of ports) runTcp(tool, "refused", 1, { port });
  },
  event: () => new RegExp(`^ +1 +\\d+ +tcp +in +(${ports.join("|")}) .*tcp_v4_rcv$`, "gm"),
  count: 5,
};
