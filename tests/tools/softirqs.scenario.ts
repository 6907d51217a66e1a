import { pingPong } from "./ping_pong.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** Packets of the loopback device, which others may use too: that there is a row, is what is known. */
export const scenario: Scenario = {
  args: ["-C", "0.3"],
  workload: () => pingPong(101),
  event: () => /^net_rx +\d+ +[1-9]\d*$/m,
  count: 1,
  interrupted: true, // a device interrupts a soft interrupt, and raises another
};
