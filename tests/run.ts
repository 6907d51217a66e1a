/**
 * Runs the tests: `deno run -A tests/run.ts [PART] [TEXT]`. Without PART the library, the frame, and each tool
 * once; `--tools` each tool's own tests; `--dist` what is made for others: the binary and the documents. With
 * TEXT only the files whose path holds it, without PART those of all parts.
 *
 * What is pure code runs in one process. Each file that works on the kernel has one of its own: a crash in
 * native code costs that file alone. As many run side by side as there are CPUs. Without PART and TEXT the
 * Deno that OLDEST_DENO names, if it does, runs the unit tests and every tool once more. The last line is
 * `N passed, N failed`, with `, N skipped` when some were; before it stand the tests that failed, and those
 * that failed once and passed when their file ran again.
 */

import { count, endRun, findings, type TestCase } from "./report.ts";
import { emptyFolder, type Run, runTestFiles, sideBySide, testFiles } from "./test_files.ts";

/** What takes longer hangs, on a busy machine as well. */
const LIMIT_MS = 15 * 60_000;

const part = Deno.args.find((arg) => arg === "--tools" || arg === "--dist")?.slice(2);
const wanted = Deno.args[part === undefined ? 0 : 1] ?? "";
const reports = new URL(`../build/tests/${part ?? "reports"}/`, import.meta.url).pathname;

/** Whether these tests are asked for: those of a part by its name, all of them by a text. */
function asked(name?: "tools" | "dist"): boolean {
  return part === name || part === undefined && wanted !== "";
}

/** The test files in these folders that are wanted. */
function filesIn(...folders: string[]): string[] {
  return folders.flatMap((folder) => [...testFiles(`tests/${folder}`)])
    .filter((path) => path.includes(wanted));
}

const pure = asked() ? filesIn("unit", "fuzz") : [];
const kernel = [
  ...asked() ? filesIn("kernel") : [],
  ...asked("tools") ? filesIn("tools") : [],
];
const made = asked("dist") ? filesIn("compile", "doc", "browser") : [];

/** Files that one process runs. */
interface Batch {
  readonly paths: readonly string[];
  readonly run: Run;
  /** What is said besides of what failed. */
  readonly mark?: string;
}

const run: Run = { reports, limitMs: LIMIT_MS };
const batches: Batch[] = pure.length > 0 ? [{ paths: pure, run }] : [];
const oldest = Deno.env.get("OLDEST_DENO");
if (oldest !== undefined && wanted === "" && part === undefined) {
  const older = { reports: `${reports}oldest/`, limitMs: LIMIT_MS, deno: oldest };
  for (const paths of [filesIn("unit"), ["tests/kernel/every_tool.test.ts"]]) {
    batches.push({ paths, run: older, mark: " (oldest Deno)" });
  }
}
// After the longest, so that no process is left alone with one of these at the end.
batches.push(...kernel.map((path) => ({ paths: [path], run })));
if (batches.length === 0 && made.length === 0) {
  console.error(`No test file under tests/ has "${wanted}" in its path`);
  Deno.exit(1);
}

emptyFolder(`${reports}oldest`);
const all: TestCase[] = [];
const found: string[] = [];
async function runBatch({ paths, run, mark = "" }: Batch): Promise<void> {
  const cases = await runTestFiles(paths, run);
  const folders = new Set(paths.map((path) => path.slice(0, path.lastIndexOf("/"))));
  const name = paths.length === 1 ? paths[0] : [...folders].join(" and ");
  all.push(...cases);
  found.push(...findings(name + mark, cases));
}
await sideBySide(batches, runBatch);
// These write into the same folders of build/.
for (const path of made) await runBatch({ paths: [path], run });

endRun(reports, found, count(all));
