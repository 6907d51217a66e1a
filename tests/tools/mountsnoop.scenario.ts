import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/mounts", import.meta.url).pathname;

/** Mounts and unmounts that fail. */
export const scenario: Scenario = {
  args: ["--ppid", String(Deno.pid)],
  async workload() {
    const cwd = Deno.makeTempDirSync();
    await new Deno.Command(workload, { args: ["fails"], cwd }).output();
    Deno.removeSync(cwd, { recursive: true });
  },
  event: () =>
    /^mounts +\d+ +\d+ +\d+ +(mount\("none", "absent", "tmpfs", .*|umount\("absent", 0\)) = -ENOENT$/gm,
  count: 7 + 2,
};
