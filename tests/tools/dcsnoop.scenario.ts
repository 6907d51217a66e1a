import { runNames } from "./names.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** Looks for 7 names in a folder that nobody has looked into before. */
export const scenario: Scenario = {
  needs: ["fentry"],
  interrupted: true, // by programs of other tasks, which take the CPU
  args: ["--ppid", String(Deno.pid), "--comm", "names"],
  async workload() {
    const cwd = Deno.makeTempDirSync({ dir: "/dev/shm" });
    await runNames(cwd, "absent");
    Deno.removeSync(cwd);
  },
  event: () => /^\d+\.\d{6} +\d+ +names +M absent\d$/gm,
  count: 7,
};
