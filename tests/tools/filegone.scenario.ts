import type { Scenario } from "../kernel/scenario.ts";
import { runRemoves } from "./removes.ts";

/** Unlinks 11 files, each of which has replaced another. */
export const scenario: Scenario = {
  needs: ["fentry"],
  args: ["--comm", "removes"],
  async workload() {
    const cwd = Deno.makeTempDirSync();
    await runRemoves(cwd, "replaced");
    Deno.removeSync(cwd);
  },
  event: () => /^\d\d:\d\d:\d\d \d+ +removes +(DELETE target|RENAME source > target)$/gm,
  count: 11 + 11,
};
