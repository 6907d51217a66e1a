import type { Scenario } from "../../kernel/scenario.ts";

export const scenario: Scenario = {
  event: () => /^Task Info\. Pid: 2\. Process Name: kthreadd\. .*/gm,
  count: 1,
};
