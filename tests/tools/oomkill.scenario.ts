import { MemoryCgroup } from "./memory_cgroup.ts";
import type { Scenario } from "../kernel/scenario.ts";

let shown = "";

/** Processes that need more than their cgroup may have. */
export const scenario: Scenario = {
  async workload() {
    await using cgroup = new MemoryCgroup(16);
    shown = cgroup.shown;
    for (let i = 0; i < 3; i++) await cgroup.eatTooMuch();
  },
  event: () => new RegExp(`^\\S+ +\\d+ +eat +\\d+ +eat +\\d+ +\\d+ +\\d+ +${shown} *$`, "gm"),
  count: 3,
};
