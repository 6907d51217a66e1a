import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/files", import.meta.url).pathname;

/** Makes a file with one write, and writes 23 blocks of it. */
export const scenario: Scenario = {
  needs: ["fentry"],
  args: ["-m", "0", "--op", "W", "--comm", "files"],
  async workload() {
    const cwd = Deno.makeTempDirSync();
    await new Deno.Command(workload, { args: ["make", "sync"], cwd }).output();
    Deno.removeSync(cwd, { recursive: true });
  },
  event: () => /^\S+ files +\d+ +W (217088|4096) +\d+ +\d+\.\d\d file$/gm,
  count: 1 + 23,
};
