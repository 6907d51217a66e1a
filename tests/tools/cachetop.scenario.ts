import type { Scenario } from "../kernel/scenario.ts";
import { cachedDisk, runCached } from "./cached_file.ts";

let pid = 0;

/** The row of a process that has read 101 pages that were not there, with one call. */
export const scenario: Scenario = {
  args: ["-C", "--rows", "1000", "--comm", "pages"],
  workload: async () => {
    using disk = cachedDisk();
    ({ pid } = await runCached(disk.path, "drop", "whole"));
  },
  event: () => new RegExp(`^${pid} +\\S+ +pages +0 +101 +0 +0\\.00%$`, "gm"),
  count: 1,
};
