import { pingPong } from "./ping_pong.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** Others make interrupts too: that there are some of the timer, is what is known. On arm64 it is a device. */
export const scenario: Scenario = {
  args: ["0.3"],
  workload: () => pingPong(101),
  event: () => /^(?:local_timer|arch_timer) +[1-9]\d*/m,
  count: 1,
};
