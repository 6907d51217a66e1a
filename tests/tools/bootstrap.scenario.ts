import { runExecs } from "../kernel/harness.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** A start and an end of each process. */
export const scenario: Scenario = {
  workload: () => runExecs(),
  event: () => new RegExp(`^\\S+ (EXEC|EXIT) +true +\\d+ +${Deno.pid} `, "gm"),
  count: 46,
};
