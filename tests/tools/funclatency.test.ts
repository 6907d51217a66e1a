/**
 * funclatency against what programs say of themselves: calls.c sleeps for known times and leaves functions in
 * all ways that there are, functions.c calls some as often as prime numbers say.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ExitError, possibleCpus } from "#lib/tool/mod.ts";
import { funclatency, type FunctionTimes } from "../../tools/funclatency.ts";
import { trace } from "../../tools/trace.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { GETPGID, root, run } from "./funccount_rows.ts";
import { hasFeature, kernelTest, runTool } from "../kernel/harness.ts";
import { Probed } from "../kernel/probed.ts";

const calls = `${root}calls`;
const functions = `${root}functions`;
const MS = 1_000_000;

type Options = NonNullable<Parameters<typeof funclatency>[0]>;

/** The rows of a trace that lasts while something is done, and the calls that were not seen to return. */
async function traced(options: Options, work: () => Promise<unknown>) {
  using trace = funclatency({ ppid: Deno.pid, ...options });
  const all = Array.fromAsync(trace);
  await work();
  trace.stop();
  const rows = await all;
  const { map, returns } = trace.losses;
  for (const row of rows) assertEquals(row.histogram.reduce((a, b) => a + b), row.count);
  return { rows, map, returns };
}

/** Functions of calls.c. */
const named = (names: string) => ({ pattern: `${calls}:(${names})$`, regexp: true });

/** `outer 5`, in the order of the names. */
const shown = (rows: readonly FunctionTimes[]) =>
  rows.map(({ func, count }) => `${func} ${count}`).sort();

kernelTest("calls of 100 ms are in their slot, not in one for all that is long", {}, async () => {
  const { rows: [row], returns } = await traced(
    { pattern: `${calls}:slow` },
    () => run("calls", "sleep", 7),
  );
  assertEquals([row.count, row.unit, row.func, returns], [7, "ns", undefined, 0n]);
  assert(row.min_ns >= 100 * MS, `${row.min_ns}`);
  assertEquals(row.histogram.findIndex((count) => count > 0) >= 26, true); // 2^26 is 67 ms
  assertEquals(row.total_ns / BigInt(row.count), BigInt(row.avg_ns));
  for (const part of [row.p50_ns, row.p90_ns, row.p99_ns]) {
    assert(part >= row.min_ns && part <= row.max_ns, `${part}`);
  }
});

kernelTest("calls of a function by itself have each their own time", {}, async () => {
  const { rows: [row], returns, map } = await traced(
    { pattern: `${calls}:rec` },
    () => run("calls", "rec", 10),
  );
  assertEquals([row.count, returns, map], [11, 0n, 0n]);
  assert(row.min_ns >= 2 * MS && row.max_ns >= 22 * MS, `${row.min_ns} to ${row.max_ns}`);
  assert(row.total_ns >= 132 * MS, `${row.total_ns}`); // 2 + 4 + ... + 22
});

kernelTest("calls deeper than 32 in one another are reported, the others right", {}, async () => {
  const { rows: [row], returns, map } = await traced(
    { pattern: `${calls}:rec` },
    () => run("calls", "rec", 36),
  );
  assertEquals([row.count, returns, map], [32, 0n, 5n]);
  assert(row.max_ns >= 74 * MS, `${row.max_ns}`);
});

kernelTest("functions within one another do not disturb each other", {}, async () => {
  const work = () => run("calls", "nest", 5);
  const { rows } = await traced({ ...named("outer|inner"), functions: true }, work);
  const [outer, inner] = ["outer", "inner"].map((name) => rows.find(({ func }) => func === name)!);
  assertEquals([outer.count, inner.count, outer.owner], [5, 5, calls]);
  assert(inner.min_ns >= MS && outer.min_ns >= 2 * MS, `${inner.min_ns}, ${outer.min_ns}`);
  assert(outer.total_ns > inner.total_ns);
  const together = await traced({ pattern: `${calls}:*er` }, work);
  assertEquals(together.rows.map(({ count }) => count), [10]);
});

kernelTest("a function that ends by a jump to another one has its own time", {}, async () => {
  const { rows, returns } = await traced(
    { ...named("first|second"), functions: true },
    () => run("calls", "tail", 5),
  );
  assertEquals([shown(rows), returns], [["first 5", "second 5"], 0n]);
  for (const { min_ns } of rows) assert(min_ns >= MS, `${min_ns}`);
});

kernelTest(
  "calls that longjmp() leaves are reported, and disturb none behind them",
  {},
  async () => {
    const options = { ...named("quick|escaping"), functions: true };
    const { rows, returns } = await traced(options, () => run("calls", "jump", 7));
    assertEquals([shown(rows), returns], [["quick 1"], 7n]);
    const again = await traced({ pattern: `${calls}:again` }, () => run("calls", "back", 11));
    assertEquals([again.rows, again.returns], [[], 11n]);
  },
);

kernelTest(
  "what a thread was in when it ended, or executed a program, is reported",
  {},
  async () => {
    const ended = await traced({ pattern: `${calls}:ending` }, () => run("calls", "thread", 23));
    assertEquals([ended.rows, ended.returns], [[], 23n]);
    const executed = await traced(
      { ...named("main|outer|executing"), functions: true },
      () => run("calls", "exec", 3),
    );
    // main() and executing() of the process before.
    assertEquals([shown(executed.rows), executed.returns], [["main 1", "outer 3"], 2n]);
  },
);

kernelTest("four threads count to 4036, in whatever tables", {}, async () => {
  for (const interval of [0, 0.03]) {
    const { rows } = await traced(
      { interval, pattern: `${functions}:f7` },
      () => run("functions", 4),
    );
    assertEquals(rows.reduce((sum, { count }) => sum + count, 0), 4036);
  }
});

kernelTest("-r, -x and --max choose functions", {}, async () => {
  const all = () => run("functions");
  const some = await traced(
    { regexp: true, functions: true, pattern: `${functions}:f[1-3]$` },
    all,
  );
  assertEquals(shown(some.rows), ["f1 3", "f2 5", "f3,f3_too 7"]);
  const left = await traced(
    { except: ["f3*", "f6"], functions: true, pattern: `${functions}:f?`, max: 5 },
    all,
  );
  assertEquals(shown(left.rows), ["f1 3", "f2 5", "f4 11", "f5 13"]);
});

kernelTest("--by distinguishes processes, threads, names, CPUs and cgroups", {}, async () => {
  const options = { pattern: `${functions}:f7` };
  const by = ["pid", "tid", "comm", "cgroup"] as const;
  const { rows } = await traced({ ...options, by }, () => run("functions", 4));
  assertEquals([new Set(rows.map(({ tid }) => tid)).size, rows.length], [4, 4]);
  assertEquals(new Set(rows.map(({ pid }) => pid)).size, 1);
  for (const { count, comm, cgroup_id } of rows) {
    assertEquals([count, comm], [1009, "functions"]);
    assert(BigInt(cgroup_id!) > 0n);
  }
  const cpus = await traced({ ...options, by: ["cpu"] }, () => run("functions", 4));
  assertEquals(cpus.rows.reduce((sum, { count }) => sum + count, 0), 4036);
  assert(cpus.rows.every(({ cpu, pid }) => cpu! < possibleCpus() && pid === undefined));
});

kernelTest("-p traces one process, whose program needs no name", {}, async () => {
  await using probed = Probed.start(23);
  await using other = Probed.start(29);
  const both = () => Promise.all([probed.go(), other.go()]);
  const { rows } = await traced({ pattern: ":step", pid: [probed.pid], by: ["pid"] }, both);
  assertEquals(rows.map(({ pid, count }) => [pid, count]), [[probed.pid, 23]]);
});

kernelTest("--uid chooses users, and -d ends", {}, async () => {
  const { rows } = await traced({ uid: 0, pattern: `${functions}:f1` }, () => run("functions"));
  assertEquals(rows.map(({ count }) => count), [3]);
  const nobody = await traced({ uid: 65534, pattern: `${functions}:f1` }, () => run("functions"));
  assertEquals(nobody.rows, []);
  const { code, stdout } = await runTool("funclatency", ["-d", "0", `${functions}:never`]);
  assertEquals([code, stdout.split("\n").length], [0, 2]);
});

kernelTest(
  "the cgroup is asked when a call begins: the process may be moved within",
  {},
  async () => {
    await using inside = new Cgroup();
    await using outside = new Cgroup();
    const { rows, returns } = await traced(
      { cgroup: inside.path, ppid: undefined, pattern: `${calls}:waiting` },
      async () => {
        const [program, ...args] = inside.command(calls, "move", "2");
        const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
        const [reader, writer] = [child.stdout.getReader(), child.stdin.getWriter()];
        await reader.read();
        Deno.writeTextFileSync(`${outside.path}/cgroup.procs`, `${child.pid}`);
        await writer.write(Uint8Array.of(0));
        await reader.read(); // the second call, which begins outside
        await writer.write(Uint8Array.of(0));
        await writer.close();
        await reader.cancel();
        await child.status;
      },
    );
    assertEquals([rows.map(({ count }) => count), returns], [[1], 0n]);
  },
);

kernelTest("what the probes take is measured before, and shown", {}, async () => {
  const { rows: [row] } = await traced({ pattern: `${functions}:f6` }, () => run("functions"));
  assert(row.probe_ns! > 0, `${row.probe_ns}`);
  assertEquals(row.count, 1009);
  // None of the measured calls counts.
  const { rows } = await traced({ pattern: `${calls}:slow`, ppid: undefined }, () => run("call"));
  assertEquals(rows, []);
});

kernelTest("histograms have the C tool's form, with rows in their place", {}, async () => {
  const start = (...args: string[]) =>
    runTool("funclatency", ["--ppid", `${Deno.pid}`, ...args], {
      workload: () => run("calls", "sleep", 2),
      until: "Tracing",
    });
  const plain = await start(`${calls}:slow`);
  assertEquals([plain.code, plain.stderr], [0, ""]);
  const [title, header, ...rows] = plain.stdout.trimEnd().split("\n");
  assertMatch(
    title,
    /^Tracing 1 functions for ".*calls:slow"\.\.\. Hit Ctrl-C to end\. \(Probes take about [\d.]+ us of each call\.\)$/,
  );
  assertEquals(header, "     nsecs               : count    distribution");
  assertMatch(rows[0], /^ *\d+ -> \d+ +: [12] +\|\*+/);
  assertMatch((await start("-u", `${calls}:slow`)).stdout, /\n +usecs +: count/);
  const timed = await start("-mT", "-F", `${calls}:sl*`);
  assertMatch(timed.stdout, /\n\d\d:\d\d:\d\d\n\nfunc = slow\n +msecs +: count/);
  const summary = await start("--summary", "-F", "--by", "comm", `${calls}:slow`);
  assertMatch(
    summary.stdout,
    /\nFUNC +COMM +COUNT +AVG \(us\) +P50 \(us\) .*\nslow +calls +2 +\d{6,}\.\d/,
  );
  const { rows: top } = await traced(
    { top: true, rows: 1, pattern: `${functions}:f6` },
    () => run("functions"),
  );
  assertEquals(top.reduce((sum, { count }) => sum + count, 0), 1009);
});

kernelTest("returns that would break a program are refused", {}, async () => {
  for (
    const [pattern, reason] of [
      [`${calls}:_start`, "it is not called, and does not return"],
      ["c:_setjmp", "it may return more than once, and the program would crash"],
    ]
  ) {
    const error = assertThrows(() => funclatency({ pattern }), ExitError, reason);
    assertEquals(error.exitCode, 69);
    assertThrows(() => trace({ probe: `r:${pattern} retval` }), ExitError, reason);
  }
  // Among others it is left out: argc lies where another function has its return address.
  const { rows } = await traced(
    { pattern: `${calls}:*`, functions: true },
    () => run("calls", "nest", 2),
  );
  assert(shown(rows).includes("outer 2"));
});

kernelTest("programs of Go are refused, unless --force is given", {}, async () => {
  const go = await Deno.makeTempFile();
  try {
    for (const section of [".gopclntab", ".go.buildinfo"]) {
      const args = [`--add-section=${section}=/etc/hostname`, functions, go];
      assertEquals((await new Deno.Command("objcopy", { args }).output()).code, 0);
      const pattern = `${go}:f1`;
      const error = assertThrows(() => funclatency({ pattern }), ExitError, "a program of Go");
      assertEquals(error.exitCode, 69);
      const { rows } = await traced({ pattern, force: true }, async () => {
        await Deno.chmod(go, 0o755);
        await new Deno.Command(go).output();
      });
      assertEquals(rows.map(({ count }) => count), [3]);
    }
  } finally {
    await Deno.remove(go);
  }
});

kernelTest("what does not return is an error", {}, async () => {
  for (
    const [pattern, message] of [
      ["t:sched:sched_switch", /is no function: only these return.*funccount counts/],
      [`u:${functions}:twice`, /is no function/],
      [`${functions}:x*`, /No function of ".*functions" matches/],
    ] as const
  ) {
    const error = assertThrows(() => funclatency({ pattern }), ExitError);
    assertEquals(error.exitCode, 64);
    assertMatch(`${error.message} ${error.hint}`, message);
  }
  const { code, stderr } = await runTool("funclatency", ["--by", "kstack", "c:malloc"]);
  assertEquals([code, stderr], [
    64,
    'funclatency: --by: "kstack" is not one of pid, tid, comm, cpu, cgroup\n',
  ]);
});

kernelTest(
  "functions of the kernel are timed, each in its thread",
  { needs: ["kprobe"] },
  async () => {
    const { rows: [row], returns } = await traced(
      { pattern: GETPGID, comm: "call" },
      () => run("call", 1, 2, 3, 5, 7),
    );
    assertEquals([row.count, returns], [5, 0n]);
    assert(row.probe_ns! > 0);
    const name = GETPGID.replace("getpgid", "clock_nanosleep");
    const slept = await traced(
      { pattern: `p::${name}`, comm: "calls" },
      () => run("calls", "sleep", 7),
    );
    assertEquals([slept.rows.map(({ count }) => count), slept.returns], [[7], 0n]);
    assert(slept.rows[0].min_ns >= 100 * MS);
    const many = await traced(
      { pattern: GETPGID.replace("getpgid", "*nanosleep"), comm: "calls", functions: true },
      () => run("calls", "sleep", 7),
    );
    assertEquals(shown(many.rows), [`${name} 7`]);
  },
);

kernelTest("a function of the kernel that goes on behind an exec is timed", {
  needs: ["kprobe"],
}, async () => {
  const pattern = GETPGID.replace("getpgid", "execve");
  const { rows, returns } = await traced(
    { pattern, ppid: undefined, comm: "calls" },
    () => run("calls", "exec", 3),
  );
  assertEquals([rows.map(({ count }) => count), returns], [[1], 0n]);
});

kernelTest("without kprobes a function of the kernel ends with 69, in one line", {}, async () => {
  if (hasFeature("kprobe")) return;
  const { code, stdout, stderr } = await runTool("funclatency", ["vfs_read"]);
  assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [69, "", 1]);
});
