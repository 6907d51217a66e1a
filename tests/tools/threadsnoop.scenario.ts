import { RENAMED } from "./renamed.ts";
import type { Scenario } from "../kernel/scenario.ts";
import { startThreads } from "./threads.ts";

/** Threads of glibc, and some that clone(2) has made. Their process may end before functions have got names. */
export const scenario: Scenario = {
  args: ["--comm", RENAMED],
  async workload() {
    await using _threads = await startThreads("pthreads", "clones");
  },
  event: () => new RegExp(`^\\d+ +\\d+ +${RENAMED} +\\S+$`, "gm"),
  count: 23 + 7,
};
