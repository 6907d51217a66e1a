import { MemoryCgroup } from "../kernel/memory_cgroup.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** Processes that need more than their cgroup may have. */
export const scenario: Scenario = {
  async workload() {
    await using cgroup = new MemoryCgroup(16);
    for (let i = 0; i < 3; i++) await cgroup.eatTooMuch();
  },
  event: () => /^\S+ +\d+ +eat +\d+ +eat +\d+ +\d+ +\d+ +\/denobpf-/gm,
  count: 3,
};
