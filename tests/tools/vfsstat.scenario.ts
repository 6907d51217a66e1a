import { runFiles } from "./file_calls.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The row in which a process has made one file. */
export const scenario: Scenario = {
  needs: ["fentry"],
  interrupted: true, // by programs of other tasks, which take the CPU
  args: ["--ppid", String(Deno.pid), "--comm", "files", "--fields", "creates", "1"],
  workload: async () => {
    const cwd = Deno.makeTempDirSync({ dir: "/dev/shm" });
    await runFiles(cwd, "make");
    Deno.removeSync(cwd, { recursive: true });
  },
  event: () => /^ +1$/gm,
  count: 1,
};
