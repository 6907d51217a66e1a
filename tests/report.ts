/** One test of a file, as its report has it. */
export interface TestCase {
  name: string;
  state: "passed" | "failed" | "skipped";
  /** Of a failed test: the error's message, in one line. */
  error?: string;
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

export function count(cases: readonly TestCase[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { state } of cases) counts[state]++;
  return counts;
}

/** The last line of a test run; CI reads it. */
export function summarize({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : "");
}
