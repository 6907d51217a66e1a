import { runExecs } from "../kernel/harness.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** An end of each process. */
export const scenario: Scenario = {
  workload: () => runExecs(),
  event: () => new RegExp(`^true +\\d+ +${Deno.pid} +\\d+ +[\\d.]+ +0$`, "gm"),
  count: 23,
};
