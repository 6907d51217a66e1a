import type { Scenario } from "../kernel/scenario.ts";

const spin = new URL("../../build/tests/spin", import.meta.url).pathname;

/** The one function of a program that never leaves it. Further tables show it again, if it is still there. */
export const scenario: Scenario = {
  args: ["-U", "-i", "0.5", "--comm", "spin", "--rows", "1"],
  workload: async (tool) => {
    const child = new Deno.Command(spin).spawn();
    await tool.until("burn");
    child.kill("SIGKILL");
    await child.status;
  },
  event: () => /^ {4}burn\n {4}- {16}spin \(\d+\)$/m,
  count: 1,
};
