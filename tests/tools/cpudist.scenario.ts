import { runExecs } from "../kernel/harness.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The last time on a CPU of each process. */
export const scenario: Scenario = {
  args: ["--ppid", `${Deno.pid}`, "-P", "--states", "--summary", "-i", "0.2", "--no-header"],
  workload: () => runExecs(),
  event: ({ pid }) => new RegExp(`^(?!${pid} )\\d+ +true +ended +1 `, "gm"),
  count: 23,
};
