/** Finds test files and runs them, in one process or in one each. */

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

/** Where and with what test files run. */
export interface Run {
  /** The folder that takes the reports, with a slash at its end. */
  readonly reports: string;
  readonly limitMs: number;
  /** The Deno that runs them; this one if absent. */
  readonly deno?: string;
  /** The tree that they are run in; this one if absent. */
  readonly root?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs test files in one process and returns their cases, from Deno's JUnit report. A failed case stands
 * for what does not load, crashes, takes longer than `limitMs` or holds no test. If a case failed, each file
 * runs once more, in a process of its own, and that counts.
 */
export async function runTestFiles(paths: readonly string[], run: Run): Promise<TestCase[]> {
  const name = paths.length === 1 ? paths[0] : `one of ${paths.length} files`;
  return await withSecondRun(name, await runOnce(paths, run), async () => {
    const cases: TestCase[] = [];
    for (const path of paths) cases.push(...await runOnce([path], run));
    return cases;
  });
}

/** The cases of tests that ran; if one of them failed, those of a second run. */
export async function withSecondRun(
  name: string,
  first: readonly TestCase[],
  again: () => Promise<TestCase[]>,
): Promise<TestCase[]> {
  if (first.every(({ state }) => state !== "failed")) return [...first];
  console.log(`\n${name} failed, and runs once more`);
  return secondRun(first, await again());
}

async function runOnce(paths: readonly string[], run: Run): Promise<TestCase[]> {
  const report = run.reports + paths[0].replaceAll("/", "-") + ".xml";
  removeIfPresent(report);
  const file = paths.length === 1 ? paths[0] : together(paths, run);
  const child = new Deno.Command(run.deno ?? Deno.execPath(), {
    // Types are `make check`'s part.
    args: ["test", "--allow-all", "--no-check", `--junit-path=${report}`, file],
    cwd: run.root ?? root,
    env: run.env,
    signal: AbortSignal.timeout(run.limitMs),
    stdout: "piped",
    stderr: "piped",
  });
  // Several run side by side: what each prints stays together.
  const { success, stdout, stderr } = await child.output();
  for (const output of [stdout, stderr]) writeAll(output);

  const cases = readReport(readIfPresent(report));
  if (cases.length === 0 || !success && cases.every(({ state }) => state !== "failed")) {
    const error = "it did not load, crashed, ran too long, or holds no test";
    console.error(`${paths.join(" ")} failed outside its tests: ${error}`);
    cases.push({ name: paths.join(" "), state: "failed", error });
  }
  return cases;
}

/**
 * Writes a module that imports test files, and returns its path: Deno would load what they import anew for each of
 * them, which takes as long as the tests do.
 */
function together(paths: readonly string[], run: Run): string {
  const file = `${run.reports}together.test.ts`;
  const from = `file://${run.root ?? root}`;
  Deno.writeTextFileSync(file, paths.map((path) => `import "${from}${path}";\n`).join(""));
  return file;
}

/** Does the work, one after the other, with as many under way at a time as there are CPUs. */
export async function sideBySide<T>(
  work: readonly T[],
  each: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...work];
  const one = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await each(item);
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, one));
}

function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
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
