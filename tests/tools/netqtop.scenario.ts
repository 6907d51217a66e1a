import type { Scenario } from "../kernel/scenario.ts";
import { runBeside } from "./tcp_workload.ts";

const datagrams = new URL("../../build/tests/datagrams", import.meta.url).pathname;

/** A name that no other network has, also if others run the same. */
const DEVICE = `netqtop${Deno.pid}`;

/** One datagram, which the device of a network of its own sends and receives. */
export const scenario: Scenario = {
  isolated: true,
  args: ["-n", DEVICE, "-i", "0.3"],
  workload(tool) {
    // It may have this name from before. While it is up, Linux 5.10 lets it have no other.
    const name = `ip link set lo down && ip link set lo name ${DEVICE}; ip link set ${DEVICE} up`;
    runBeside(tool, "sh", "-c", name);
    runBeside(tool, datagrams, "unread", "1", "44001");
  },
  event: () => new RegExp(`^${DEVICE} +(rx|tx) +0 +1 +143\\.0 +0 +1( +0){4} *$`, "gm"),
  count: 2,
};
