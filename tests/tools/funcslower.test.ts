/**
 * funcslower against what programs say of themselves: calls.c sleeps for known times, and calls functions within one
 * another; ways.c calls one by five ways.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ExitError } from "#lib/tool/mod.ts";
import { funcslower, type SlowCall } from "../../tools/funcslower.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { hasFeature, kernelTest, runTool } from "../kernel/harness.ts";
import { Probed } from "../kernel/probed.ts";
import { Asked } from "./asked.ts";
import { counted } from "./counted.ts";
import { GETPGID, root, run } from "./funccount_rows.ts";

const calls = `${root}calls`;
const functions = `${root}functions`;
const ways = `${root}ways`;
const MS = 1_000_000;
const HOURS = 1e7; // milliseconds: no call takes that long

type Options = NonNullable<Parameters<typeof funcslower>[0]>;

/** The events of a trace that lasts while something is done, in their order, and what was lost. */
async function traced(options: Options, work: () => Promise<unknown>) {
  using trace = funcslower({ ppid: Deno.pid, ...options });
  const all = Array.fromAsync(trace);
  await work();
  trace.stop();
  return { rows: await all, losses: trace.losses };
}

const funcs = (rows: readonly SlowCall[]) => rows.map(({ func }) => func);

kernelTest("slow calls are shown, each with its time, fast ones are not", {}, async () => {
  const { rows, losses } = await traced(
    { function: `${calls}:slow`, min_ms: 100 },
    () => run("calls", "sleep", 23),
  );
  assertEquals(rows.length, 23);
  for (const { latency_ns, func, owner, comm, args, kstack, ustack } of rows) {
    assert(latency_ns >= 100 * MS, `${latency_ns}`);
    assertEquals([func, owner, comm, args, kstack, ustack], ["slow", calls, "calls", ...Array(3)]);
  }
  assertEquals([losses.ring, losses.map, losses.returns], [0n, 0n, 0n]);
  const fast = await traced(
    { function: `${functions}:f6`, min_ms: HOURS },
    () => run("functions"),
  );
  assertEquals(fast.rows, []);
  const all = await traced({ function: `${functions}:f6`, min_us: 0 }, () => run("functions"));
  assertEquals(all.rows.length, 1009);
});

kernelTest("without -m calls of 1 ms and more are slow", {}, async () => {
  const { rows } = await traced({ function: `${calls}:rec` }, () => run("calls", "rec", 2));
  assertEquals(rows.length, 3); // 2, 4 and 6 ms
});

kernelTest("calls of a function by itself have each their own time and arguments", {}, async () => {
  const { rows } = await traced(
    { function: `${calls}:rec`, min_us: 0, arguments: 1 },
    () => run("calls", "rec", 10),
  );
  assertEquals(
    rows.map(({ args }) => args),
    Array.from({ length: 11 }, (_, i) => ({ arg1: `0x${i.toString(16)}` })),
  );
  rows.forEach(({ latency_ns }, depth) => assert(latency_ns >= (depth + 1) * 2 * MS));
  const outermost = await traced(
    { function: `${calls}:rec`, min_ms: 22 },
    () => run("calls", "rec", 10),
  );
  assert(
    outermost.rows.length >= 1 && outermost.rows.every(({ latency_ns }) => latency_ns >= 22 * MS),
  );
});

kernelTest("functions within one another do not disturb each other", {}, async () => {
  const { rows } = await traced(
    { function: `${calls}:outer`, functions: [`${calls}:inn*`, `${calls}:inner`], min_ms: 1 },
    () => run("calls", "nest", 5),
  );
  assertEquals(funcs(rows), Array.from({ length: 10 }, (_, i) => i % 2 === 0 ? "inner" : "outer"));
  for (let i = 0; i < 10; i += 2) assert(rows[i + 1].latency_ns > rows[i].latency_ns);
});

kernelTest("a function that ends by a jump to another one has its own result", {}, async () => {
  const { rows } = await traced(
    { function: `${calls}:(first|second)$`, regexp: true, min_us: 0, arguments: 2 },
    () => run("calls", "tail", 5),
  );
  for (const func of ["first", "second"]) {
    const own = rows.filter((row) => row.func === func);
    assertEquals(own.map(({ retval }) => Number(retval)), [0, 1, 2, 3, 4]);
    assertEquals(
      own.map(({ args }) => (args as Record<string, string>).arg1),
      [0, 1, 2, 3, 4].map((i) => `0x${i}`),
    );
  }
});

kernelTest("--return-type narrows results, which are hexadecimal else", {}, async () => {
  const failing = { function: `${calls}:failing`, min_us: 0 };
  const typed = await traced({ ...failing, return_type: "int" }, () => run("calls", "fail", 3));
  assertEquals(typed.rows.map(({ retval }) => Number(retval)), [-1, -2, -3]);
  const bytes = await traced(
    { ...failing, return_type: "unsigned char" },
    () => run("calls", "fail", 3),
  );
  assertEquals(bytes.rows.map(({ retval }) => Number(retval)), [255, 254, 253]);
  const start = (...args: string[]) =>
    runTool("funcslower", ["-u", "0", "--ppid", `${Deno.pid}`, ...args, `${calls}:failing`], {
      workload: () => run("calls", "fail", 1),
      until: "FUNC",
    });
  assertMatch((await start("--return-type", "int")).stdout, / -1 failing\n/);
  assertMatch((await start()).stdout, / (ffffffff)?ffffffff failing\n/);
  const { code, stderr } = await runTool("funcslower", ["--return-type", "struct file", "c:f"]);
  assertEquals(code, 64);
  assertMatch(stderr, /"struct file" is no type of a number, such as int or unsigned long/);
});

kernelTest("what does not return is reported, and disturbs nothing behind it", {}, async () => {
  const options = { function: `${calls}:quick`, functions: [`${calls}:escaping`], min_us: 0 };
  const { rows, losses } = await traced(options, () => run("calls", "jump", 7));
  assertEquals([funcs(rows), losses.returns], [["quick"], 7n]);
});

kernelTest("-U shows the stack: the function, its caller, and who called that", {}, async () => {
  await using asked = await Asked.start("ways");
  const { rows } = await traced(
    { function: `${ways}:goal`, min_us: 0, user_stack: true },
    () => asked.work(),
  );
  const stacks = counted(rows, ({ ustack }) => [ustack!.slice(0, 4).join(";")]);
  assertEquals(
    stacks,
    Object.fromEntries([2, 3, 5, 7, 11].map((times) => [`goal;way${times};go;main`, times])),
  );
  assert(rows.every(({ kstack }) => kstack === undefined));
});

kernelTest("tables have the Python tool's columns, and stacks below", {}, async () => {
  await using asked = await Asked.start("ways");
  const start = (...args: string[]) =>
    runTool("funcslower", ["-p", `${asked.pid}`, ...args, `${ways}:way2`], {
      workload: () => asked.work(),
      until: "FUNC",
    });
  const plain = await start("-m", "0");
  assertMatch(
    plain.stdout,
    /^COMM {11}PID {4}LAT\(ms\) {13}RVAL FUNC *\nways {11}\d+ +\d+\.\d\d +[\da-f]+ way2 *\n$/,
  );
  const more = await start("-u", "0", "-T", "-t", "-a", "2");
  assertMatch(more.stdout, /^TIME +TIME +COMM +PID +LAT\(us\) +RVAL FUNC ARGS\n/);
  assertMatch(
    more.stdout,
    /\n\d\d:\d\d:\d\d +\d+\.\d{6} +ways +\d+ +\d+\.\d\d +[\da-f]+ way2 arg1=0x[\da-f]+ arg2=0x[\da-f]+\n$/,
  );
  const stacks = await start("-u", "0", "-U");
  assertMatch(stacks.stdout, / way2 *\n {2}way2\n {2}go\n {2}main\n/);
  const folded = await start("-u", "0", "-Uf");
  assertMatch(folded.stdout, / way2 *\nways;(.+;)?main;go;way2 1\n/);
});

kernelTest("-x, -r and --max choose functions", {}, async () => {
  const all = () => run("functions");
  const some = await traced({ function: `${functions}:f[1-3]$`, regexp: true, min_us: 0 }, all);
  assertEquals(counted(some.rows, ({ func }) => [func]), { f1: 3, f2: 5, "f3,f3_too": 7 });
  const left = await traced(
    { function: `${functions}:f?`, except: ["f3*", "f6"], max: 5, min_us: 0 },
    all,
  );
  assertEquals(counted(left.rows, ({ func }) => [func]), { f1: 3, f2: 5, f4: 11, f5: 13 });
  const few = () => funcslower({ function: `${functions}:f?`, max: 3 });
  assertMatch(assertThrows(few, ExitError).message, /There are 7 to trace, more than 3/);
});

kernelTest("-p traces one process, --uid and --cgroup what is theirs", {}, async () => {
  await using probed = Probed.start(23);
  await using other = Probed.start(29);
  const both = () => Promise.all([probed.go(), other.go()]);
  const { rows } = await traced({ function: ":step", pid: [probed.pid], min_us: 0 }, both);
  assertEquals(counted(rows, ({ pid }) => [pid]), { [probed.pid]: 23 });
  const options = { function: `${functions}:f1`, min_us: 0 };
  assertEquals((await traced({ ...options, uid: 65534 }, () => run("functions"))).rows, []);
  await using cgroup = new Cgroup();
  const inside = await traced({ ...options, cgroup: cgroup.path, ppid: undefined }, async () => {
    await run("functions");
    const [program, ...args] = cgroup.command(functions);
    await new Deno.Command(program, { args }).output();
  });
  assertEquals(inside.rows.length, 3);
});

kernelTest("programs of Go are refused, unless --force is given", {}, async () => {
  const go = await Deno.makeTempFile();
  try {
    const args = ["--add-section=.go.buildinfo=/etc/hostname", functions, go];
    assertEquals((await new Deno.Command("objcopy", { args }).output()).code, 0);
    const options = { function: `${go}:f1`, min_us: 0 };
    assertThrows(() => funcslower(options), ExitError, "a program of Go");
    const { rows } = await traced({ ...options, force: true }, async () => {
      await Deno.chmod(go, 0o755);
      await new Deno.Command(go).output();
    });
    assertEquals(rows.length, 3);
  } finally {
    await Deno.remove(go);
  }
});

kernelTest("what cannot be traced is an error", {}, async () => {
  const user = `${functions}:f1`;
  for (
    const [options, exitCode, message] of [
      [{ function: "t:sched:sched_switch" }, 64, /is no function: only these return/],
      [{ function: user, min_ms: 1, min_us: 1 }, 64, /-m and -u exclude each other/],
      [{ function: user, kernel_stack: true }, 64, /-K: processes are not in the kernel/],
      [{ function: `${functions}:x*` }, 64, /No function of ".*functions" matches/],
      [{ function: "c:_setjmp" }, 69, /it may return more than once/],
    ] as const
  ) {
    const error = assertThrows(() => funcslower(options), ExitError);
    assertEquals(error.exitCode, exitCode, error.message);
    assertMatch(error.message, message);
  }
  const { code, stderr } = await runTool("funcslower", ["-a", "7", "c:f"]);
  assertEquals([code, stderr], [
    64,
    'funcslower: --arguments: "7" is not a whole number from 0 to 6\n',
  ]);
});

kernelTest(
  "functions of the kernel and of programs are not traced together",
  { needs: ["kprobe"] },
  () => {
    const both = () => funcslower({ function: `${functions}:f1`, functions: [GETPGID] });
    assertMatch(assertThrows(both, ExitError).message, /cannot be traced together/);
  },
);

kernelTest(
  "arguments and results of the kernel have their names and types",
  { needs: ["kprobe"] },
  async () => {
    const { rows } = await traced(
      { function: "hrtimer_nanosleep", min_ms: 100, arguments: 3, comm: "calls", user_stack: true },
      () => run("calls", "sleep", 7),
    );
    assertEquals(rows.length, 7);
    for (const { func, retval, args, kstack, ustack, latency_ns, owner } of rows) {
      assertEquals([func, Number(retval), owner, kstack], [
        "hrtimer_nanosleep",
        0,
        undefined,
        undefined,
      ]);
      const { rqtp, mode, clockid } = args as Record<string, unknown>;
      assertEquals([Number(rqtp), mode, Number(clockid)], [100 * MS, "HRTIMER_MODE_REL", 0]);
      assert(latency_ns >= 100 * MS);
      assert(ustack!.length > 0);
    }
  },
);

kernelTest(
  "-K shows the function and who called it, or says that it cannot",
  { needs: ["kprobe"] },
  async () => {
    const options = {
      function: "hrtimer_nanosleep",
      min_ms: 100,
      comm: "calls",
      kernel_stack: true,
    };
    if (!/ (kretprobe|rethook)_find_ret_addr$/m.test(Deno.readTextFileSync("/proc/kallsyms"))) {
      const error = assertThrows(
        () => funcslower(options),
        ExitError,
        "-K: this kernel does not show",
      );
      return assertEquals(error.exitCode, 69);
    }
    const { rows } = await traced(options, () => run("calls", "sleep", 7));
    assertEquals(rows.length, 7);
    for (const { kstack } of rows) {
      assertEquals(kstack![0], "hrtimer_nanosleep");
      // Of nanosleep(2) or clock_nanosleep(2), whichever libc calls.
      assertMatch(kstack![1], /nanosleep|common_nsleep/);
      assert(kstack!.some((name) => /^(do_syscall_64|el0_svc)/.test(name)), `${kstack}`);
    }
  },
);

kernelTest("a negated errno is a number with a sign", { needs: ["kprobe"] }, async () => {
  // No process has this number: ESRCH.
  const { rows } = await traced(
    { function: GETPGID, min_us: 0, comm: "call" },
    () => run("call", 4_194_304),
  );
  assertEquals(rows.map(({ retval }) => Number(retval)), [-3]);
});

kernelTest("without kprobes a function of the kernel ends with 69, in one line", {}, async () => {
  if (hasFeature("kprobe")) return;
  const { code, stdout, stderr } = await runTool("funcslower", ["vfs_read"]);
  assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [69, "", 1]);
});
