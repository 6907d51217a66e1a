/**
 * What runs inside a guest: `guest.ts RESULTS FILE...` runs the test files one after the other and adds
 * a line of JSON for each to RESULTS/results, so that a guest that dies has told what it knew.
 */

import { runTestFile } from "../test_files.ts";

const FILE_LIMIT_MS = 15 * 60_000;

const [folder, ...files] = Deno.args;
for (const file of files) {
  const started = performance.now();
  const cases = await runTestFile(file, `${folder}/`, FILE_LIMIT_MS);
  const seconds = Math.round((performance.now() - started) / 1000);
  Deno.writeTextFileSync(
    `${folder}/results`,
    JSON.stringify({ file, seconds, cases }) + "\n",
    { append: true },
  );
}
