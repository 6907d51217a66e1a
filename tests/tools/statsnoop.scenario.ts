import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/stats", import.meta.url).pathname;

/** Calls with names that start from a descriptor, and calls that fail. */
export const scenario: Scenario = {
  args: ["--ppid", String(Deno.pid)],
  workload: () => new Deno.Command(workload, { args: ["dirfd", "fails"], cwd: "/tmp" }).output(),
  event: () =>
    /^\d+ +stats +(0 +0 +\/etc\/hostname|-1 +ENOENT +(\/etc\/absent|\/nonexistent\/file))$/gm,
  count: 5 + 2 + 29,
};
