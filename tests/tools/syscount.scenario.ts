import type { Scenario } from "../kernel/scenario.ts";

/** The row of a system call that the command makes this many times. */
export const scenario: Scenario = {
  args: ["--", new URL("../../build/tests/syscalls", import.meta.url).pathname, "count"],
  event: () => /^getppid +1013$/gm,
  count: 1,
};
