import { RENAMED } from "./renamed.ts";
import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/shm", import.meta.url).pathname;

/** Segments that are made, attached, detached and removed, and calls that fail. */
export const scenario: Scenario = {
  args: ["--comm", RENAMED],
  async workload() {
    const folder = Deno.makeTempDirSync();
    Deno.symlinkSync(workload, `${folder}/${RENAMED}`);
    const args = ["cycle", "fails"];
    await new Deno.Command(`${folder}/${RENAMED}`, { args, stdin: "null" }).output();
    Deno.removeSync(folder, { recursive: true });
  },
  event: () =>
    new RegExp(
      `^\\d+ +${RENAMED} +(SHM(GET|AT|DT|CTL) +[\\da-f]+|SHMGET +(EEXIST|ENOENT)|SHMAT +EINVAL) (key|shm).+$`,
      "gm",
    ),
  count: 4 * 23 + 7 + 2,
};
