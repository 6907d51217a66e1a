import type { Scenario } from "../kernel/scenario.ts";
import { cachedDisk, runCached } from "./cached_file.ts";

/** What a process has had read ahead, of which it has used nothing when the pages are dropped. */
export const scenario: Scenario = {
  needs: ["fentry"],
  args: ["--ppid", String(Deno.pid), "--comm", "pages"],
  at_end: true,
  workload: async () => {
    using disk = cachedDisk();
    await runCached(disk.path, "drop", "ahead", "arrive", "drop");
  },
  event: () => /^Readahead unused\/total pages: 101\/101 {2}removed unused: 101$/gm,
  count: 1,
};
