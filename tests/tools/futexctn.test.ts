/** futexctn against a workload that counts its waits, and against strace. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { NATIVE_ABI, syscallNumbers } from "#lib/tool/mod.ts";
import { futexctn, type FutexWaits } from "../../tools/futexctn.ts";
import { kernelTest, runTool, startTool } from "../kernel/harness.ts";
import { counted } from "./counted.ts";
import { futexes, type FutexRun, reportedRun, runFutexes } from "./futexes.ts";

const [FUTEX] = syscallNumbers(NATIVE_ABI, "futex");

type Options = NonNullable<Parameters<typeof futexctn>[0]>;

/** The rows of all tables while something runs. */
async function rowsWhile<T>(options: Options, run: () => T | Promise<T>) {
  using trace = futexctn({ comm: "futexes", ...options });
  const ran = await run();
  trace.stop();
  const rows = await Array.fromAsync(trace);
  assertEquals(trace.losses.map ?? 0n, 0n);
  return { rows, ran };
}

/** The rows of a run: of its address, if that is known. */
function rowsOf(rows: readonly FutexWaits[], { pid, address }: FutexRun): FutexWaits[] {
  return rows.filter((row) => row.pid === pid && (address ?? row.uaddr) === row.uaddr);
}

/** How many waits there were of each kind, operation and result. */
function waits(rows: readonly FutexWaits[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, op, result, count } of rows) {
    const key = `${kind} ${op.replace("pi2", "pi")} ${result}`;
    counts[key] = (counts[key] ?? 0) + count;
  }
  return counts;
}

kernelTest("all operations are counted, with how each ended", {}, async () => {
  const kinds = ["timeout", "woken", "pi", "changed", "signal", "waitv", "later"] as const;
  const { rows, ran } = await rowsWhile({}, () => kinds.map(runFutexes));
  const [timeout, woken, pi, changed, signal, waitv, later] = ran;
  assertEquals(waits(rowsOf(rows, timeout)), { "wait wait_bitset timeout": 23 });
  assertEquals(waits(rowsOf(rows, woken)), { "wait wait woken": 29 });
  assertEquals(waits(rowsOf(rows, pi)), { "lock lock_pi woken": 31 });
  assertEquals(waits(rowsOf(rows, changed)), { "wait wait changed": 7 });
  assertEquals(waits(rowsOf(rows, signal)), { "wait wait signal": 5 });
  for (const [run, op] of [[waitv, "waitv"], [later, "futex_wait"]] as const) {
    const expected = run.address === undefined ? {} : { [`wait ${op} timeout`]: 3 };
    assertEquals(waits(rowsOf(rows, run)), expected);
  }
  for (const row of rows) {
    assertEquals(row.comm, "futexes");
    assertEquals(row.histogram.reduce((a, b) => a + b), row.count);
    assert(row.min_ns > 0n && row.min_ns <= row.avg_ns && row.avg_ns <= row.max_ns);
    assertEquals(BigInt(row.avg_ns), BigInt(row.total_ns) / BigInt(row.count));
  }
  // who has woken it up, and who has the lock, is the first thread
  const [wokenRow] = rowsOf(rows, woken), [piRow] = rowsOf(rows, pi);
  assertEquals([wokenRow.wakes, wokenRow.wakers], [29, [woken.pid]]);
  assertEquals([piRow.owner_tid, piRow.wakes, piRow.wakers], [pi.pid, 0, []]);
  assertEquals([wokenRow.owner_tid, wokenRow.shared], [undefined, false]);
});

kernelTest("a lock of pthread_mutex_lock() is one, by its function and its word", {}, async () => {
  const { rows, ran } = await rowsWhile({ kind: "lock" }, () => {
    runFutexes("changed");
    return [runFutexes("mutex"), runFutexes("woken")];
  });
  const [mutex, woken] = ran;
  // the lock may be free again when it comes to the kernel
  const { "lock wait woken": ended = 0, "lock wait changed": changed = 0 } = waits(
    rowsOf(rows, mutex),
  );
  assertEquals(ended + changed, 11);
  assertEquals(rowsOf(rows, woken), []);
  assert(rows.every(({ kind }) => kind === "lock"));
});

kernelTest("one thread and one address are shown alone, by -t and -l", {}, async () => {
  const script = 'read line; exec "$0" changed';
  const shell = new Deno.Command("sh", { args: ["-c", script, futexes], stdin: "piped" }).spawn();
  const one = await rowsWhile({ tid: shell.pid }, async () => {
    runFutexes("timeout");
    await shell.stdin.close();
    await shell.status;
  });
  assertEquals(one.rows.map(({ pid, count }) => [pid, count]), [[shell.pid, 7]]);

  // without randomization it has the same addresses at each run
  const run = () => {
    const { stdout } = new Deno.Command("setarch", { args: ["-R", futexes, "changed"] })
      .outputSync();
    return reportedRun(new TextDecoder().decode(stdout));
  };
  const lock = BigInt(run().address!);
  const { rows, ran } = await rowsWhile({ lock }, () => (runFutexes("timeout"), run()));
  assertEquals(waits(rows), { "wait wait changed": 7 });
  assertEquals(rowsOf(rows, ran), rows);
});

kernelTest("a thread that waits still has waited until the end", {}, async () => {
  using trace = futexctn({ comm: "futexes" });
  const child = new Deno.Command(futexes, { args: ["waiting"], stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  const run = reportedRun(new TextDecoder().decode((await reader.read()).value));
  const inFutex = () => Deno.readTextFileSync(`/proc/${run.pid}/syscall`).startsWith(`${FUTEX} `);
  while (!inFutex()) await new Promise((resolve) => setTimeout(resolve, 1));
  const began = performance.now();
  while (performance.now() < began + 20);
  trace.stop();
  const rows = rowsOf(await Array.fromAsync(trace), run);
  assertEquals(waits(rows), { "wait wait waiting": 1 });
  assert(rows[0].total_ns >= 20_000_000n);
  assertMatch(rows[0].mapping!, /\/build\/tests\/futexes\+0x[\da-f]+$/);
  child.kill("SIGKILL");
  await reader.cancel();
  await child.status;
});

kernelTest("threads that are killed while they wait leave nothing behind", {}, async () => {
  const { rows } = await rowsWhile({}, () => runFutexes("killed"));
  assertEquals(rows.filter(({ result }) => result === "waiting"), []);
});

if (Deno.build.arch === "x86_64") {
  kernelTest("32-bit programs wait as others do", {}, async () => {
    const { rows, ran } = await rowsWhile({}, () => runFutexes("compat"));
    assertEquals(waits(rowsOf(rows, ran)), { "wait wait changed": 3 });
  });
}

kernelTest("the waits are those of strace", {}, async () => {
  const args = ["-f", "-qq", "-e", "trace=futex", futexes, "pi"];
  const { rows, ran } = await rowsWhile({}, () => {
    const { stderr, stdout } = new Deno.Command("strace", { args }).outputSync();
    const decoder = new TextDecoder();
    return { run: reportedRun(decoder.decode(stdout)), traced: decoder.decode(stderr) };
  });
  const { run: { pid }, traced } = ran;
  const calls = [...traced.matchAll(/futex\((0x[\da-f]+), FUTEX_(WAIT|LOCK_PI)\w*/g)];
  const shown = rows.filter((row) => row.pid === pid);
  const sums: Record<string, number> = {};
  for (const { uaddr, count } of shown) sums[uaddr] = (sums[uaddr] ?? 0) + count;
  assertEquals(sums, counted(calls, ([, address]) => [address]));
});

kernelTest("the text is that of the C tool, with stacks and histograms", {}, async () => {
  await using tool = startTool("futexctn", [
    ...["--comm", "futexes", "-T", "-i", "0.3", "--perf-max-stack-depth", "16"],
    ...["--stack-storage-size", "512"],
  ]);
  await using brief = startTool("futexctn", [
    "--comm",
    "futexes",
    "-ms",
    "--rows",
    "1",
    "-d",
    "60",
  ]);
  for (const started of [tool, brief]) await started.until("to exit\n");
  const { pid, address } = runFutexes("woken");
  await tool.until(new RegExp(`${pid}.*woken`));
  const line = `^futexes\\[${pid}\\] lock ${address} contended 29 times, \\d+ avg usecs ` +
    "\\[max: \\d+ usecs, min \\d+ usecs\\] wait: wait, woken(, at .*)?\n";
  const { stdout } = await tool.stop();
  assertMatch(stdout, /^\d\d:\d\d:\d\d\n/m);
  // frames of a library without frame pointers may be missing
  assertMatch(stdout, new RegExp(`${line}    -\n(    \\S.*\n)+    -\n +usecs +: count`, "m"));
  const { stdout: short } = await brief.stop();
  assertMatch(short, new RegExp(`^futexes\\[${pid}\\] .* avg msecs .*\n$`, "m"));
  assertEquals(short.match(/contended/g)?.length, 1);
});

kernelTest("what is no address of a futex is refused", {}, async () => {
  for (const text of ["0x12g", "0", "0x1001"]) {
    const { stderr, code } = await runTool("futexctn", ["-l", text, "-t", "1"]);
    assertEquals(code, 64);
    assertStringIncludes(stderr, "no address of a futex");
  }
});
