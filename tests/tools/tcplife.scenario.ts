import type { Scenario } from "../kernel/scenario.ts";
import { runTcp } from "../kernel/tcp_workload.ts";

/** Both ends of each connection, with what was sent and received in KiB. */
export const scenario: Scenario = {
  isolated: true,
  workload: (tool) => runTcp(tool, "server", 23),
  event: () =>
    /^\d+ +(tcp +127\.0\.0\.1 .* 0\.99 +2\.93|tcp-server +127\.0\.0\.1 .* 2\.93 +0\.99) +[\d.]+$/gm,
  count: 46,
};
