import { workload } from "./file_calls.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The process of the workload, whose folder is the tool's alone. */
let pid = 0;
let cwd = "";

/** What a process writes at once is in one table. */
export const scenario: Scenario = {
  args: ["-C", "--rows", "1000", "--comm", "files"],
  async workload() {
    cwd = Deno.makeTempDirSync();
    const child = new Deno.Command(workload, { args: ["make"], cwd }).spawn();
    pid = child.pid;
    await child.status;
    Deno.removeSync(cwd, { recursive: true });
  },
  event: () => new RegExp(`^${pid} +files +0 +1 +0 +212 +R ${cwd}/file$`, "gm"),
  count: 1,
};
