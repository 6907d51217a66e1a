/**
 * What runs inside a guest: `guest.ts RESULTS TASKS` runs the test files of TASKS, which is JSON, one after the
 * other and adds a line of JSON for each to RESULTS/results, so that a guest that dies has reported what it knew.
 */

import { runTestFiles } from "../test_files.ts";
import type { Task } from "./plan.ts";

const FILE_LIMIT_MS = 30 * 60_000;

const [folder, text] = Deno.args;
const tasks: readonly Task[] = JSON.parse(text);
for (const { column, file, env, root } of tasks) {
  const started = performance.now();
  const run = { reports: `${folder}/`, limitMs: FILE_LIMIT_MS, env, root };
  const cases = await runTestFiles([file], run);
  const seconds = Math.round((performance.now() - started) / 1000);
  Deno.writeTextFileSync(
    `${folder}/results`,
    JSON.stringify({ column, file, seconds, cases }) + "\n",
    { append: true },
  );
}
