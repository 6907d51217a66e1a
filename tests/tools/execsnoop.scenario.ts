import { runExecs } from "../kernel/harness.ts";
import type { Scenario } from "../kernel/scenario.ts";

const root = new URL("../../", import.meta.url).pathname;

export const scenario: Scenario = {
  workload: () => runExecs(),
  event: () => new RegExp(`^true +\\d+ +${Deno.pid} +0 /bin/true \\d+$`, "gm"),
  count: 23,
};

export const more: Record<string, Scenario> = {
  /** With the object that the plain table does not need. */
  "shows all that it can gather": {
    args: ["--fields", "comm,pid,ppid,ns_pid,mntns,tty,ancestors,cgroup,cwd,exe,line"],
    workload: () => runExecs(),
    event: () =>
      new RegExp(
        `^true +(\\d+) +${Deno.pid} +\\1 .* ${root.slice(0, -1)} +\\S*/bin/true +/bin/true \\d+$`,
        "gm",
      ),
    count: 23,
  },
};
