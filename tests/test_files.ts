/** Finds test files and runs each in a process of its own. */

import { readReport, secondRun, type TestCase } from "./report.ts";

const root = new URL("../", import.meta.url).pathname;

/** The test files in a folder of the project and below it, in the order of their names. */
export function testFiles(directory: string): Generator<string> {
  return filesBelow(directory, ".test.ts");
}

/** The test files of one tool: `NAME.test.ts` and `NAME_*.test.ts`. */
export function ownTests(tool: string): string[] {
  const own = new RegExp(`/${tool}(_\\w+)?\\.test\\.ts$`);
  return [...testFiles("tests/tools"), ...testFiles("tests/kernel")].filter((path) =>
    own.test(path)
  );
}

/** The files whose names end so, in a folder of the project and below it, in the order of their names. */
export function* filesBelow(directory: string, ending: string): Generator<string> {
  for (const { name, isDirectory } of [...Deno.readDirSync(root + directory)].sort(byName)) {
    const path = `${directory}/${name}`;
    if (isDirectory) yield* filesBelow(path, ending);
    else if (name.endsWith(ending)) yield path;
  }
}

function byName(a: Deno.DirEntry, b: Deno.DirEntry): number {
  return a.name < b.name ? -1 : 1;
}

/**
 * Runs a test file in a process of its own and gives its cases, from Deno's JUnit report. That the
 * file does not load, crashes, takes longer than `limitMs` or holds no test is a failed case too. A file
 * with a failed case runs once more, and the second run counts.
 *
 * @param reports the folder that takes the report, with a slash at its end
 * @param options.deno the Deno that runs it
 * @param options.root the tree that it is run in
 */
export async function runTestFile(
  path: string,
  reports: string,
  limitMs: number,
  options: { deno?: string; root?: string } = {},
): Promise<TestCase[]> {
  return await withSecondRun(path, () => runOnce(path, reports, limitMs, options));
}

/** Runs tests, and once more if one failed; the second run counts then. */
export async function withSecondRun(
  name: string,
  run: () => Promise<TestCase[]>,
): Promise<TestCase[]> {
  const first = await run();
  if (first.every(({ state }) => state !== "failed")) return first;
  console.log(`\n${name} failed, and runs once more`);
  return secondRun(first, await run());
}

async function runOnce(
  path: string,
  reports: string,
  limitMs: number,
  options: { deno?: string; root?: string },
): Promise<TestCase[]> {
  const report = reports + path.replaceAll("/", "-") + ".xml";
  removeIfPresent(report);
  const { success } = await new Deno.Command(options.deno ?? Deno.execPath(), {
    // Types are `make check`'s part.
    args: ["test", "--allow-all", "--no-check", `--junit-path=${report}`, path],
    cwd: options.root ?? root,
    signal: AbortSignal.timeout(limitMs),
  }).spawn().status;
  const cases = readReport(readIfPresent(report));
  if (cases.length === 0 || !success && cases.every(({ state }) => state !== "failed")) {
    const error = "it did not load, crashed, ran too long, or holds no test";
    console.error(`${path} failed outside its tests: ${error}`);
    cases.push({ name: path, state: "failed", error });
  }
  return cases;
}

function readIfPresent(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Makes a folder anew, without what an earlier run has left in it. */
export function emptyFolder(path: string): void {
  removeIfPresent(path);
  Deno.mkdirSync(path, { recursive: true });
}

function removeIfPresent(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
