/** The time of an event is the kernel's, whatever happens to the clocks of the tool. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { execUntilShown, kernelTest, type RunningTool } from "./harness.ts";
import { startCommand, startTool } from "./harness.ts";

const HOUR_MS = 3_600_000;

/** The times of the rows of JSON, in milliseconds since 1970. */
function times({ stdout }: { stdout: string }): number[] {
  return stdout.trimEnd().split("\n").map((line) => Date.parse(JSON.parse(line).time));
}

kernelTest("in a time namespace events have the host's time", {
  needs: ["time_namespace"],
}, async () => {
  const deno = [Deno.execPath(), "run", "--cached-only", "--allow-ffi", "--allow-read"];
  // Threads cannot be made by a process that is still outside: hence the fork.
  const shifted = ["unshare", "-T", "-f", "--boottime", "100000", "--monotonic", "50000"];
  const tracing = ["tools/execsnoop.ts", "-o", "json", "--events", "2"];
  const before = Date.now();
  await using tool = startCommand([...shifted, ...deno, ...tracing]);
  await execUntilShown(tool, "/bin/true", "\n");
  await execUntilShown(tool, "/bin/true", "\n{");
  const shown = times(await tool.finish());
  assert(shown.every((time) => time >= before && time <= Date.now()), String(shown));
});

kernelTest(
  "the times of a process's first events are as exact as those of later ones",
  {},
  async () => {
    const distances = `
    import { WallClock } from "./lib/sys/clock.ts";
    const first = new WallClock().at(0n);
    console.log(String(new WallClock().at(0n) - first));
  `;
    await using script = startCommand([Deno.execPath(), "eval", "--no-check", distances]);
    const { stdout, stderr } = await script.finish();
    assertMatch(stdout, /^-?\d+\n$/, stderr);
    assert(Math.abs(Number(stdout)) < 200_000, `${stdout.trim()} ns apart`);
  },
);

kernelTest("events follow the wall clock when somebody sets it", {
  needs: ["disposable"],
}, async () => {
  await using tool = startTool("execsnoop", ["-o", "json", "--comm", "true"]);
  await execUntilShown(tool, "/bin/true", "\n");
  for (const hours of [2, -5, 3]) {
    const from = Date.now();
    await setClock(from + hours * HOUR_MS);
    const mark = await rowAfter(tool);
    const offset = mark - from - hours * HOUR_MS;
    assert(offset >= 0 && offset < HOUR_MS / 2, `${hours} hours, and ${offset} ms`);
  }
  assertEquals((await tool.stop()).stderr, "");
});

async function setClock(ms: number): Promise<void> {
  const { code, stderr } = await startCommand(["date", "-s", `@${ms / 1000}`]).finish();
  assertEquals(code, 0, stderr);
}

/** The time of the last of the rows that come from now on. */
async function rowAfter(tool: RunningTool): Promise<number> {
  const mark = `mark-${crypto.randomUUID()}`;
  const exec = startCommand(["/bin/true", mark]).finish();
  await tool.until(mark + '"');
  await exec;
  const line = tool.stdout.split("\n").find((line) => line.includes(mark))!;
  return Date.parse(JSON.parse(line).time);
}
