import { runExecs } from "../kernel/harness.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The first wait of each new process. The tool itself, a child of this process too, may start threads. */
export const scenario: Scenario = {
  args: ["--ppid", `${Deno.pid}`, "-P", "--kinds", "--summary", "-i", "0.2", "--no-header"],
  workload: () => runExecs(),
  event: ({ pid }) => new RegExp(`^(?!${pid} )\\d+ +\\S+ +new +1 `, "gm"),
  count: 23,
  interrupted: true, // a task is woken up in an interrupt, too
};
