import { connect } from "../../kernel/connect.ts";
import type { Scenario } from "../../kernel/scenario.ts";

export const scenario: Scenario = {
  needs: ["uprobe"],
  workload: () => connect(23, "127.0.0.1"),
  event: () => /^host event: 127\.0\.0\.1$/gm,
  count: 23,
  interrupted: true, // a state of TCP changes in a softirq, too
};
