import type { Scenario } from "../kernel/scenario.ts";
import { runRemoves } from "./removes.ts";

/** Makes and removes 23 files. */
export const scenario: Scenario = {
  needs: ["fentry"],
  args: ["--comm", "removes"],
  async workload() {
    const cwd = Deno.makeTempDirSync();
    await runRemoves(cwd, "short");
    Deno.removeSync(cwd);
  },
  event: () => /^\d\d:\d\d:\d\d \d+ +removes +\d+\.\d\d +short$/gm,
  count: 23,
};
