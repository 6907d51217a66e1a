import type { Scenario } from "../kernel/scenario.ts";
import { type RetransmitsRun, runRetransmits } from "./tcp_workload.ts";

let made: RetransmitsRun | undefined;

/** The SYNs of 7 connections whose answers are lost, each of which is sent again. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    made = runRetransmits(tool, "syn-ack", 7);
  },
  event: () =>
    new RegExp(
      `^\\S+ ${made?.client} +4 +127\\.0\\.0\\.1:\\d+ +R> 127\\.0\\.0\\.1:${made?.port} +SYN_SENT *$`,
      "gm",
    ),
  count: 7,
};
