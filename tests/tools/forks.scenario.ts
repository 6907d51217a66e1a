import type { Scenario } from "../kernel/scenario.ts";
import { create } from "./children.ts";

const pids: number[] = [];

/** A row for each of 5 processes that create 1 each, in whatever table. */
export const scenario: Scenario = {
  args: ["-P", "--comm", "children", "0.3"],
  workload() {
    for (let i = 0; i < 5; i++) pids.push(create({ processes: 1 }));
  },
  event: () => new RegExp(`^ +1 +0 +0 +[\\d.]+ +0\\.0 +(${pids.join("|")}) +children *$`, "gm"),
  count: 5,
};
