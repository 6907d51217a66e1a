import { assertEquals } from "@std/assert";
import { count, findings, readReport, secondRun, summarize } from "../report.ts";

/** Runs `deno test` on a file with this text and returns its report. */
async function reportOf(source: string): Promise<string> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/some.test.ts`, source);
    await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-config", "--no-check", "--junit-path=report.xml", "some.test.ts"],
      cwd: directory,
      stdout: "null",
      stderr: "null",
    }).output();
    return await Deno.readTextFile(`${directory}/report.xml`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("readReport() says what passed, failed and was ignored", async () => {
  const report = await reportOf(`
    Deno.test("passes", () => {});
    Deno.test("has <failure> & </testcase> in its name, and passes", () => {});
    Deno.test("fails", () => { throw new Error("<skipped/> &\\nmore"); });
    Deno.test({ name: "is ignored", ignore: true, fn() {} });
  `);
  assertEquals(readReport(report), [
    { name: "passes", state: "passed" },
    { name: "has <failure> & </testcase> in its name, and passes", state: "passed" },
    { name: "fails", state: "failed", error: "Error: <skipped/> & more" },
    { name: "is ignored", state: "skipped" },
  ]);
});

Deno.test("readReport() takes a test's steps for tests of their own", async () => {
  const report = await reportOf(`
    Deno.test("has steps", async (t) => {
      await t.step("one", () => {});
      await t.step({ name: "two", ignore: true, fn() {} });
    });
  `);
  assertEquals(count(readReport(report)), { passed: 2, failed: 0, skipped: 1 });
});

Deno.test("readReport() finds nothing in the report of a run that crashed", () => {
  assertEquals(readReport(""), []);
});

Deno.test("summarize() names skipped tests only where there are some", () => {
  assertEquals(summarize({ passed: 3, failed: 0, skipped: 0 }), "3 passed, 0 failed");
  assertEquals(summarize({ passed: 3, failed: 1, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
});

Deno.test("a file that failed once and passed when it ran again is told, and does not fail", () => {
  const first = [
    { name: "one", state: "passed" },
    { name: "two", state: "failed", error: "Error: late" },
  ] as const;
  const passed = [{ name: "one", state: "passed" }, { name: "two", state: "passed" }] as const;
  const second = secondRun(first, passed);
  assertEquals(count(second), { passed: 2, failed: 0, skipped: 0 });
  assertEquals(findings("a.test.ts", second), ["Unsteady: a.test.ts\n  two: Error: late"]);
  const again = secondRun(first, first);
  assertEquals(count(again), { passed: 1, failed: 1, skipped: 0 });
  assertEquals(findings("a.test.ts", again), ["Failed: a.test.ts: two\n  Error: late"]);
});
