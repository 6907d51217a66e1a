import { sendTo } from "../../kernel/isolated.ts";
import type { Scenario } from "../../kernel/scenario.ts";
import { ofAny } from "../../kernel/trace_pipe.ts";

export const scenario: Scenario = {
  needs: ["tracefs"],
  alone: "trace_pipe",
  isolated: true,
  workload: (tool) => sendTo(tool, 23, 9),
  event: ofAny(`Got IP packet: tot_len: 29, ttl: 64`),
  count: 23,
};
