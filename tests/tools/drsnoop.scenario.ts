import { MemoryCgroup } from "./memory_cgroup.ts";
import type { Scenario } from "../kernel/scenario.ts";

let pid = 0;

/** A process that needs more than its cgroup may have. How often the kernel reclaims before it kills is its own affair. */
export const scenario: Scenario = {
  async workload() {
    await using cgroup = new MemoryCgroup(16);
    pid = await cgroup.eatTooMuch();
  },
  // all rows as one
  event: () => new RegExp(`(?:^[\\d:]{8} eat +${pid} +\\d+\\.\\d{3} +\\d+ memcg *\n)+`, "m"),
  count: 1,
};
