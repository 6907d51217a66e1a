import type { Scenario } from "../kernel/scenario.ts";
import { SIZES, startTls } from "./tls_workload.ts";

let pid = 0;

/** What is written in a round, and read: 7 writes by GnuTLS, and a read of each. */
export const scenario: Scenario = {
  args: ["--max-buffer-size", "0"],
  async workload() {
    const process = await startTls("gnutls");
    pid = process.pid;
    await process.go();
    await process.lines();
  },
  event: () => new RegExp(`^(READ/RECV|WRITE/SEND) +\\d+\\.\\d{9} +tls +${pid} +\\d+ *$`, "gm"),
  count: 2 * SIZES.length,
};
