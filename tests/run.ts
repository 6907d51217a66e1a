/**
 * Runs the tests: `deno run -A tests/run.ts [TEXT]`, with TEXT only the files whose path holds it.
 *
 * Each file runs in a process of its own, one after the other: a crash in native code costs that
 * file alone, and kernel tests never see each other. Without TEXT all run once more on the Deno that
 * OLDEST_DENO names, if it does. The last line is `N passed, N failed`, with `, N skipped` when some
 * were; before it stand the tests that failed, and those that failed once and passed when their file ran
 * again.
 */

import { count, endRun, findings, type TestCase } from "./report.ts";
import { emptyFolder, runTestFile, testFiles } from "./test_files.ts";

const FILE_LIMIT_MS = 5 * 60_000;

const reports = new URL("../build/tests/reports/", import.meta.url).pathname;

const wanted = Deno.args[0] ?? "";
const files = [...testFiles("tests")].filter((path) => path.includes(wanted));
if (files.length === 0) {
  console.error(`No test file under tests/ has "${wanted}" in its path`);
  Deno.exit(1);
}

const all: TestCase[] = [];
const found: string[] = [];
await runAll(files, reports, Deno.execPath(), "");
const oldest = Deno.env.get("OLDEST_DENO");
if (oldest !== undefined && wanted === "") {
  // Those for the binary run the oldest Deno already: it is what the binary holds.
  const others = files.filter((path) => !path.startsWith("tests/compile/"));
  await runAll(others, `${reports}oldest/`, oldest, " (oldest Deno)");
}

async function runAll(
  files: readonly string[],
  reports: string,
  deno: string,
  mark: string,
): Promise<void> {
  emptyFolder(reports);
  for (const path of files) {
    const cases = await runTestFile(path, reports, FILE_LIMIT_MS, { deno });
    all.push(...cases);
    found.push(...findings(path + mark, cases));
  }
}

endRun(reports, found, count(all));
