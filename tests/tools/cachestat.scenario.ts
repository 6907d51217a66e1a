import type { Scenario } from "../kernel/scenario.ts";
import { cachedDisk, runCached } from "./cached_file.ts";

/** The row in which a process has read 101 pages that were not there, with one call. */
export const scenario: Scenario = {
  args: ["--ppid", String(Deno.pid), "--comm", "pages", "1"],
  workload: async () => {
    using disk = cachedDisk();
    await runCached(disk.path, "drop", "whole");
  },
  event: () => /^ +0 +101 +0 +0\.00% +\d+ +\d+$/gm,
  count: 1,
};
