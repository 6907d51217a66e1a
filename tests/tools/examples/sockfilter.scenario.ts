import { sendTo } from "../../kernel/isolated.ts";
import type { Scenario } from "../../kernel/scenario.ts";

export const scenario: Scenario = {
  isolated: true,
  workload: (tool) => sendTo(tool, 23, 9),
  event: () =>
    /^interface: lo {2}protocol: UDP {2}127\.0\.0\.1:\d+\(src\) -> 127\.0\.0\.1:9\(dst\)$/gm,
  count: 23,
};
