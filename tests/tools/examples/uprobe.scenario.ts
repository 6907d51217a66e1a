import type { Scenario } from "../../kernel/scenario.ts";
import { ofTool } from "../../kernel/trace_pipe.ts";

/** The tool calls both functions itself, as soon as it runs. */
export const scenario: Scenario = {
  needs: ["uprobe", "tracefs"],
  alone: "trace_pipe",
  workload() {},
  event: ofTool(
    `(div ENTRY: a = 7, b = 2|div EXIT: quot = 3|abs ENTRY: a = -1|abs EXIT: return = 1)`,
  ),
  count: 4,
};
