import type { Scenario } from "../kernel/scenario.ts";
import { HeldSockets } from "./held_sockets.ts";

let held: HeldSockets | undefined;

/** The sockets of a process, and the one that nobody has accepted. */
export const scenario: Scenario = {
  args: ["-tu0"],
  async held() {
    return held = await HeldSockets.make("plain");
  },
  event: () =>
    new RegExp(
      `^${held?.pid} +sockets +` +
        "(TCP +(LISTEN +\\S+:\\d+ +-|ESTABLISHED +\\S+:\\d+ +\\S+:\\d+)|" +
        "UDP +(UNCONN +(\\S+:\\d+|-) +-|ESTABLISHED +\\S+:\\d+ +\\S+:\\d+)|" +
        "PACKET +UNCONN +protocol 3 device 0 +-) *$",
      "gm",
    ),
  count: 13,
};
