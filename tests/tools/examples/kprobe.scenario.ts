import type { Scenario } from "../../kernel/scenario.ts";
import { ofTest } from "../../kernel/trace_pipe.ts";
import { unlinkFiles } from "../../kernel/unlink_files.ts";

/** The entry and the return of each unlink. */
export const scenario: Scenario = {
  needs: ["kprobe", "tracefs"],
  alone: "trace_pipe",
  workload: () => unlinkFiles(23),
  event: ofTest(
    `KPROBE E(NTRY pid = \\d+, filename = \\S+/denobpf-\\d+|XIT: pid = \\d+, ret = 0)`,
  ),
  count: 46,
};
