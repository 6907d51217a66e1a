/**
 * Runs the tests: `deno run -A tests/run.ts [TEXT]`, with TEXT only the files whose path holds it.
 *
 * Each file runs in a process of its own, one after the other: a crash in native code costs that
 * file alone, and kernel tests never see each other. The counts come from Deno's JUnit reports; a
 * file that does not load, crashes or holds no test counts as one failure. The last line is
 * `N passed, N failed`, with `, N skipped` when some were.
 */

import { countReport, type Counts, summarize } from "./report.ts";

const FILE_LIMIT_MS = 5 * 60_000;

const root = new URL("../", import.meta.url).pathname;
const reports = `${root}build/tests/reports/`;

function* testFiles(directory: string): Generator<string> {
  for (const { name, isDirectory } of [...Deno.readDirSync(root + directory)].sort(byName)) {
    const path = `${directory}/${name}`;
    if (isDirectory) yield* testFiles(path);
    else if (name.endsWith(".test.ts")) yield path;
  }
}

function byName(a: Deno.DirEntry, b: Deno.DirEntry): number {
  return a.name < b.name ? -1 : 1;
}

async function runFile(path: string): Promise<Counts> {
  const report = reports + path.replaceAll("/", "-") + ".xml";
  const { success } = await new Deno.Command(Deno.execPath(), {
    // Types are `make check`'s part.
    args: ["test", "--allow-all", "--no-check", `--junit-path=${report}`, path],
    cwd: root,
    signal: AbortSignal.timeout(FILE_LIMIT_MS),
  }).spawn().status;
  const counts = countReport(readIfPresent(report));
  if (counts.passed + counts.failed + counts.skipped === 0 || !success && counts.failed === 0) {
    console.error(
      `${path} failed outside its tests: it did not load, crashed, ran too long, or holds no test`,
    );
    counts.failed++;
  }
  return counts;
}

function readIfPresent(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

const wanted = Deno.args[0] ?? "";
const files = [...testFiles("tests")].filter((path) => path.includes(wanted));
if (files.length === 0) {
  console.error(`No test file under tests/ has "${wanted}" in its path`);
  Deno.exit(1);
}

try {
  Deno.removeSync(reports, { recursive: true });
} catch (error) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
Deno.mkdirSync(reports, { recursive: true });

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];
for (const path of files) {
  const counts = await runFile(path);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  if (counts.failed > 0) failures.push(path);
}

if (failures.length > 0) console.log(`Failed: ${failures.join(" ")}`);
const summary = summarize(total);
Deno.writeTextFileSync(reports + "summary", summary + "\n");
console.log(summary);
Deno.exit(total.failed > 0 ? 1 : 0);
