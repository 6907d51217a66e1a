/** One test of a file, as its report has it. */
export interface TestCase {
  name: string;
  state: "passed" | "failed" | "skipped";
  /** Of a failed test: the error's message, in one line. */
  error?: string;
  /** What failed in its file when that ran first, and not when it ran again. */
  unsteady?: string;
}

/** How many tests passed, failed and were skipped. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * The test cases of a JUnit report as `deno test --junit-path` writes it. A test's steps are cases of
 * their own. An empty text, the report of a run that never came to its tests, has none.
 */
export function readReport(xml: string): TestCase[] {
  return [...xml.matchAll(/<testcase name="([^"]*)"[^>]*>(.*?)<\/testcase>/gs)].map(
    ([, escaped, body]) => {
      const name = unescape(escaped);
      const failure = /<(?:failure|error)\b(?: message="([^"]*)")?/.exec(body);
      if (failure) return { name, state: "failed", error: firstLines(unescape(failure[1] ?? "")) };
      return { name, state: /<skipped\b/.test(body) ? "skipped" : "passed" };
    },
  );
}

const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(
    /&(?:#(\d+)|(\w+));/g,
    (_, code, name) => code ? String.fromCodePoint(Number(code)) : entities[name],
  );
}

/** What a line has room for of an error's message; the rest is in the test's own output. */
function firstLines(message: string): string {
  return message.replace("Uncaught ", "").replace(/\s+/g, " ").trim().slice(0, 400);
}

/**
 * The cases of a file's second run; the first of them has what failed in the first run, if nothing fails
 * now. Kernel tests ask for events within seconds, and a machine may be held up for longer; that one is
 * held up twice is the test's fault.
 */
export function secondRun(first: readonly TestCase[], second: readonly TestCase[]): TestCase[] {
  if (second.some(({ state }) => state === "failed")) return [...second];
  const unsteady = first.filter(({ state }) => state === "failed")
    .map(({ name, error }) => `${name}: ${error}`).join("; ");
  return second.map((testCase, at) => at === 0 ? { ...testCase, unsteady } : testCase);
}

/** The lines that end a run: which tests of a file failed, or did so the first time only. */
export function findings(file: string, cases: readonly TestCase[]): string[] {
  return cases.flatMap(({ name, state, error, unsteady }) => {
    if (state === "failed") return [`Failed: ${file}: ${name}\n  ${error}`];
    if (unsteady !== undefined) return [`Unsteady: ${file}\n  ${unsteady}`];
    return [];
  });
}

export function count(cases: readonly TestCase[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { state } of cases) counts[state]++;
  return counts;
}

/**
 * Ends a test run: prints what was found and the summary, keeps both in the file `summary` of the folder,
 * where CI finds them, and ends the process with 1 if a test failed.
 */
export function endRun(folder: string, found: readonly string[], counts: Counts): never {
  const lines = [...found, summarize(counts)].join("\n");
  Deno.writeTextFileSync(`${folder}/summary`, `${lines}\n`);
  console.log(lines);
  Deno.exit(counts.failed > 0 ? 1 : 0);
}

/** The last line of a test run; CI reads it. */
export function summarize({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : "");
}
