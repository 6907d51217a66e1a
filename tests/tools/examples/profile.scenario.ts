import type { Scenario } from "../../kernel/scenario.ts";

export const scenario: Scenario = {
  args: ["-f", "11", "--events", "23"],
  event: () => /^COMM: .* \(pid=\d+\) @ CPU \d+\n(Kernel:\n {2}0 .*|No Kernel Stack)$/gm,
  count: 23,
};
