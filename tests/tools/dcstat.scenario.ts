import { runNames, workload } from "./names.ts";
import { RENAMED } from "./renamed.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The row in which a process has asked for one name. What its start takes is there by then. */
export const scenario: Scenario = {
  needs: ["fentry"],
  interrupted: true, // by programs of other tasks, which take the CPU
  args: ["--comm", RENAMED, "--fields", "misses", "1"],
  async workload() {
    const cwd = Deno.makeTempDirSync({ dir: "/dev/shm" });
    Deno.symlinkSync(workload, `${cwd}/${RENAMED}`);
    await runNames(cwd);
    await new Deno.Command(`${cwd}/${RENAMED}`, { args: ["odd"], cwd }).output();
    Deno.removeSync(cwd, { recursive: true });
  },
  event: () => /^ +1$/gm,
  count: 1,
};
