import type { Scenario } from "../kernel/scenario.ts";
import { runBeside } from "./tcp_workload.ts";

const workload = new URL("../../build/tests/congests", import.meta.url).pathname;

/** One that no other run has. */
const PORT = 20_000 + Deno.pid % 10_000;

/** Connections that are in loss at some time: each is in one table only as one that is open again. */
export const scenario: Scenario = {
  args: ["-R", `${PORT}`, "--filter", "state==open", "1"],
  isolated: true,
  workload(tool) {
    runBeside(tool, "ip", "link", "set", "lo", "up");
    runBeside(tool, workload, "lost", "3", "127.0.0.1", `${PORT}`);
  },
  event: () =>
    new RegExp(
      `^127\\.0\\.0\\.1/\\d+ +127\\.0\\.0\\.1/${PORT} +\\d+ +0 +0 +0 +\\d+ +[12] *$`,
      "gm",
    ),
  count: 3,
};
