import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/opens", import.meta.url).pathname;

/** Opens by openat(2) from a descriptor of a folder, and what fails. */
export const scenario: Scenario = {
  args: ["--ppid", String(Deno.pid)],
  workload: () => new Deno.Command(workload, { args: ["openat2", "fails"], cwd: "/tmp" }).output(),
  event: () => /^\d+ +opens +(\d+ +0 \/etc\/hostname|-1 ENOENT (absent|\/nonexistent\/file))$/gm,
  count: 11 + 15,
};
