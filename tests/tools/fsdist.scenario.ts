import { RENAMED } from "./renamed.ts";
import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/files", import.meta.url).pathname;

/** The histogram of the write by which a file is made. */
export const scenario: Scenario = {
  needs: ["fentry"],
  args: ["-e", "--op", "W", "--comm", RENAMED, "1"],
  async workload() {
    const cwd = Deno.makeTempDirSync();
    Deno.symlinkSync(workload, `${cwd}/${RENAMED}`);
    await new Deno.Command(`${cwd}/${RENAMED}`, { args: ["make"], cwd }).output();
    Deno.removeSync(cwd, { recursive: true });
  },
  event: () => /^operation = 'write' {2}avg = .*, count: 1$/gm,
  count: 1,
};
