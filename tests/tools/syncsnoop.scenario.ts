import { RENAMED } from "./renamed.ts";
import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/syncs", import.meta.url).pathname;

/** Calls of fdatasync, and some that fail. */
export const scenario: Scenario = {
  args: ["--comm", RENAMED],
  async workload() {
    const cwd = Deno.makeTempDirSync();
    Deno.symlinkSync(workload, `${cwd}/${RENAMED}`);
    const args = ["fdatasync", "closed"];
    await new Deno.Command(`${cwd}/${RENAMED}`, { args, cwd }).output();
    Deno.removeSync(cwd, { recursive: true });
  },
  event: () =>
    new RegExp(
      `^\\d+\\.\\d{6} +${RENAMED} +(fdatasync +\\d+ +\\d+\\.\\d{3} - +\\S+/file|` +
        `fsync +\\d+ +\\d+\\.\\d{3} EBADF +-)$`,
      "gm",
    ),
  count: 7 + 2,
};
