/**
 * What tools say of a machine that was suspended while they ran: CLOCK_BOOTTIME goes on then, and
 * CLOCK_MONOTONIC stands still. Runs in a guest of suspend.ts.
 */

import { assert, assertEquals } from "@std/assert";
import { type RunningTool, startCommand } from "../kernel/running_tool.ts";
import { execUntilShown, runExecs } from "../kernel/workloads.ts";

/** Time enough for a slow machine to fall asleep. */
const ALARM_S = 15;

// Once, for QEMU's machine has its alarm on for good after that and would not sleep again.
Deno.test("the machine is suspended", async (test) => {
  await using execsnoop = startBundle("execsnoop", "--comm", "true");
  await using bootstrap = startBundle("bootstrap", "--comm", "sleep");
  await execUntilShown(execsnoop, "/bin/true", "\n");
  await execUntilShown(bootstrap, "/bin/sleep", "\n");
  const from = Date.now();
  const sleeping = new Deno.Command("/bin/sleep", { args: ["1"] }).spawn();
  const suspendedMs = suspendMachine();
  const resumed = Date.now();
  await sleeping.status;
  const lifeMs = Date.now() - from;

  await test.step("events that follow have the wall clock's time", async () => {
    const mark = "after-the-suspend";
    await runExecs({ args: () => [mark] });
    await execsnoop.until((stdout) => stdout.split(mark).length - 1 === 23);
    const times = rows(execsnoop, mark).map(({ time }) => Date.parse(time));
    assert(times.every((time) => time >= resumed && time <= Date.now()), `${resumed}: ${times}`);
  });

  await test.step("the life of a process has the time for which it was suspended", async () => {
    const end = `"EXIT","comm":"sleep","pid":${sleeping.pid},`;
    await bootstrap.until(end);
    const [{ duration_ns }] = rows(bootstrap, end);
    const durationMs = duration_ns / 1e6;
    assert(durationMs > suspendedMs && durationMs < lifeMs + 1, `${durationMs} of ${lifeMs} ms`);
  });

  await test.step("tools end as ever", async () => {
    for (const tool of [execsnoop, bootstrap]) {
      const { stderr, code } = await tool.stop();
      assertEquals({ stderr, code }, { stderr: "", code: 0 });
    }
  });
});

function startBundle(name: string, ...options: string[]): RunningTool {
  const deno = [Deno.execPath(), "run", "--allow-ffi", "--allow-read"];
  return startCommand([...deno, `/${name}.js`, "-o", "json", ...options]);
}

/** The rows of JSON that have `mark` in them. */
function rows({ stdout }: RunningTool, mark: string) {
  return stdout.split("\n").filter((line) => line.includes(mark)).map((line) => JSON.parse(line));
}

/**
 * Suspends the machine to its memory until its clock's alarm wakes it, and gives for how many milliseconds:
 * those that the wall clock has and the monotonic clock has not.
 */
function suspendMachine(): number {
  const [wall, monotonic] = [Date.now(), performance.now()];
  const rtc = "/sys/class/rtc/rtc0";
  const now = Number(Deno.readTextFileSync(`${rtc}/since_epoch`));
  Deno.writeTextFileSync(`${rtc}/wakealarm`, String(now + ALARM_S));
  Deno.writeTextFileSync("/sys/power/state", "mem");
  const suspendedMs = (Date.now() - wall) - (performance.now() - monotonic);
  assert(suspendedMs > 1000, `suspended for ${suspendedMs} ms only`);
  return suspendedMs;
}
