import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { kernelTest, type Output, patient, runExecs, startCommand } from "./harness.ts";
import { holdings, lastingLeaks, leakedSince } from "./leaks.ts";

kernelTest("kernelTest() lets a test open and close files, children and signals", {}, async () => {
  using _file = Deno.openSync("/dev/null");
  await using child = startCommand(["cat", "/dev/null"]);
  const listener = () => {};
  Deno.addSignalListener("SIGUSR1", listener);
  Deno.removeSignalListener("SIGUSR1", listener);
  assertEquals((await child.finish()).code, 0);
});

Deno.test("leakedSince() names an open file by its link", () => {
  const before = holdings();
  const file = Deno.openSync("/dev/null");
  assertEquals(leakedSince(before), ["/dev/null"]);
  file.close();
  assertEquals(leakedSince(before), []);
});

Deno.test("lastingLeaks() waits for what closes in the background", async () => {
  const before = holdings();
  const file = Deno.openSync("/dev/null");
  setTimeout(() => file.close(), 50);
  assertEquals(await lastingLeaks(before), []);
});

Deno.test("runExecs() starts 23 processes with pids of their own", async () => {
  const pids = await runExecs();
  assertEquals(new Set(pids).size, 23);
});

Deno.test("RunningTool.until() sees output as it comes and stop() returns all of it", async () => {
  await using tool = startCommand([
    "sh",
    "-c",
    "trap 'echo bye >&2; exit 3' TERM; echo ready; while :; do sleep 0.01; done",
  ]);
  await tool.until("ready\n");
  const { code, stdout, stderr } = await tool.stop("SIGTERM");
  assertEquals([code, stdout, stderr], [3, "ready\n", "bye\n"]);
});

Deno.test("RunningTool.until() throws with the output when the process ends first", async () => {
  await using tool = startCommand(["sh", "-c", "echo no; echo why >&2; exit 1"]);
  const { message } = await assertRejects(() => tool.until(/yes/), Error, "ended before /yes/");
  assertStringIncludes(message, "why");
});

Deno.test("RunningTool.finish() kills what takes too long", async () => {
  const started = performance.now();
  await using tool = startCommand(["sleep", "60"]);
  await assertRejects(() => tool.finish(50), Error, `has not ended in ${patient(50)} ms`);
  assert(performance.now() - started < 5000);
});

/** Runs a kernel test with this body in a process of its own and returns what that prints. */
async function runKernelTest(
  body: string,
  env: Record<string, string> = {},
  prefix: string[] = [],
): Promise<Output> {
  const file = await Deno.makeTempFile({ suffix: ".test.ts" });
  try {
    const harness = new URL("./harness.ts", import.meta.url);
    await Deno.writeTextFile(
      file,
      `import { kernelTest } from "${harness}";\nkernelTest("inner", {}, () => { ${body} });\n`,
    );
    await using run = startCommand(
      [...prefix, Deno.execPath(), "test", "--allow-all", "--no-check", file],
      { env: { ...env, NO_COLOR: "1" } },
    );
    return await run.finish();
  } finally {
    await Deno.remove(file);
  }
}

kernelTest("kernelTest() fails a test that leaves a file open, and names it", {}, async () => {
  const { code, stdout, stderr } = await runKernelTest(`Deno.openSync("/proc/version");`);
  assertEquals(code, 1);
  assertStringIncludes(stdout + stderr, "The test left open:\n  /proc/version");
});

kernelTest("kernelTest() skips without capabilities, and fails with CI=true", {}, async () => {
  const powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
  const skipped = await runKernelTest("", { CI: "" }, powerless);
  assertStringIncludes(
    skipped.stdout,
    "inner (skipped: the bpf system call is refused) ... ignored",
  );
  assertEquals(skipped.code, 0);

  const failed = await runKernelTest("", { CI: "true" }, powerless);
  assertStringIncludes(failed.stdout + failed.stderr, "must not be skipped");
  assertEquals(failed.code, 1);
});
