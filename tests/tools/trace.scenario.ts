import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/traced", import.meta.url).pathname;

const probe = `${workload}:taken (arg1 == 7) "%s is %d", arg2, arg1`;

/** An event for each call that meets a condition. */
export const scenario: Scenario = {
  operands: ["t:sched:sched_process_exec"],
  args: ["--ppid", `${Deno.pid}`, probe],
  async workload() {
    const cwd = await Deno.makeTempDir();
    for (let i = 0; i < 23; i++) await new Deno.Command(workload, { cwd }).output();
    await Deno.remove(cwd, { recursive: true });
  },
  event: () => /^\d+ +\d+ +traced +taken +text 7 is 7 *$/gm,
  count: 23,
};
