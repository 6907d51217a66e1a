/**
 * funccount against what programs say of themselves: functions.c calls and passes everything as often as prime
 * numbers say, and call.c makes a system call for each of its arguments.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { BpfError } from "#lib/mod.ts";
import { ExitError, possibleCpus } from "#lib/tool/mod.ts";
import { funccount } from "../../tools/funccount.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { hasFeature, kernelTest, runTool } from "../kernel/harness.ts";
import { root, rowsOf, run, shown } from "./funccount_rows.ts";
import { Probed } from "../kernel/probed.ts";

const functions = `${root}functions`;

const ALL = ["f1 3", "f2 5", "f3,f3_too 7", "f4 11", "f5 13", "f6 1009"];

kernelTest(
  "functions are counted exactly, once an address, those never called not",
  {},
  async () => {
    const counted = await rowsOf({ pattern: `${functions}:f?` }, () => run("functions"));
    assertEquals(shown(counted), ALL);
    for (const row of counted) {
      assertEquals([row.owner, row.pid, row.comm, row.kstack], [functions, ...Array(3)]);
      assert(row.per_second > 0);
    }
    // By its other name as well.
    const alias = await rowsOf({ pattern: `${functions}:f3_too` }, () => run("functions"));
    assertEquals(shown(alias), ["f3,f3_too 7"]);
  },
);

kernelTest("four threads count to 4036, whatever they do to each other", {}, async () => {
  const rows = await rowsOf({ pattern: `${functions}:f7` }, () => run("functions", 4));
  assertEquals(shown(rows), ["f7 4036"]);
});

kernelTest("tables between calls lose and double nothing", {}, async () => {
  for (const by of [[], ["comm"]] as const) {
    const rows = await rowsOf({ interval: 0.03, by, pattern: `${functions}:f*` }, async () => {
      for (let i = 0; i < 7; i++) await run("functions");
    });
    const sums = new Map<string, number>();
    for (const { func, count } of rows) sums.set(func, (sums.get(func) ?? 0) + count);
    assertEquals([sums.get("f1"), sums.get("f6"), sums.get("never")], [21, 7063, undefined]);
  }
});

kernelTest("-r takes a regular expression, -x leaves names out", {}, async () => {
  const all = () => run("functions");
  const some = await rowsOf({ regexp: true, pattern: `${functions}:f[1-3]$` }, all);
  assertEquals(shown(some), ALL.slice(0, 3));
  const left = await rowsOf({ except: ["f3*", "f6", "f7"], pattern: `${functions}:f?` }, all);
  assertEquals(shown(left), ALL.filter((row) => !/^f[36]/.test(row)));
});

kernelTest("USDT probes are counted at all their places, with a semaphore too", {}, async () => {
  let watched = "";
  const rows = await rowsOf({ pattern: `u:${functions}:*` }, async () => {
    watched = await run("functions");
  });
  assertEquals([shown(rows), watched], [["denobpf:twice 23", "denobpf:watched 29"], "29\n"]);
  assertEquals(await run("functions"), "0\n");
  const one = await rowsOf({ pattern: `u:${functions}:denobpf:tw?ce` }, () => run("functions"));
  assertEquals(shown(one), ["denobpf:twice 23"]);
});

kernelTest("-p counts one process, whose program needs no name", {}, async () => {
  await using probed = Probed.start(23);
  await using other = Probed.start(29);
  const both = () => Promise.all([probed.go(), other.go()]);
  const rows = await rowsOf({ pattern: ":step", pid: [probed.pid], by: ["pid"] }, both);
  assertEquals(rows.map(({ pid, count, owner }) => [pid, count, owner]), [
    [probed.pid, 23, Probed.path],
  ]);
});

kernelTest("-p counts several processes by the library that they have", {}, async () => {
  await using probed = Probed.start(23);
  await using other = Probed.start(29);
  const both = () => Promise.all([probed.go(), other.go()]);
  const pid = [probed.pid, other.pid];
  // One to wait for a byte, one to answer.
  const rows = await rowsOf({ pattern: "c:write", pid, by: ["pid"] }, both);
  assertEquals(rows.map((row) => [row.pid, row.count]).sort(), pid.map((one) => [one, 1]).sort());
  assertMatch(rows[0].owner!, /\/libc\b/);
});

kernelTest("--by distinguishes threads, names, CPUs and cgroups", {}, async () => {
  const options = { pattern: `${functions}:f7` };
  const by = ["pid", "tid", "comm", "cgroup"] as const;
  const rows = await rowsOf({ ...options, by }, () => run("functions", 4));
  assertEquals(new Set(rows.map(({ tid }) => tid)).size, 4);
  assertEquals(new Set(rows.map(({ pid }) => pid)).size, 1);
  for (const { count, comm, cgroup_id } of rows) {
    assertEquals([count, comm], [1009, "functions"]);
    assert(BigInt(cgroup_id!) > 0n);
  }
  const cpus = await rowsOf({ ...options, by: ["cpu"] }, () => run("functions", 4));
  assertEquals(cpus.reduce((sum, { count }) => sum + count, 0), 4036);
  assert(cpus.every(({ cpu }) => cpu! < possibleCpus()));
});

kernelTest("--cgroup counts what is in it", {}, async () => {
  await using cgroup = new Cgroup();
  const rows = await rowsOf({ cgroup: cgroup.path, pattern: `${functions}:f1` }, async () => {
    await run("functions");
    const [program, ...args] = cgroup.command(functions);
    await new Deno.Command(program, { args }).output();
  });
  assertEquals(shown(rows), ["f1 3"]);
});

kernelTest("-c counts on one CPU", {}, async () => {
  const pinned = () => new Deno.Command("taskset", { args: ["-c", "0", functions] }).output();
  const pattern = `${functions}:f1`;
  assertEquals(shown(await rowsOf({ pattern, cpu: 0 }, pinned)), ["f1 3"]);
  assertEquals(shown(await rowsOf({ pattern, cpu: 1009 }, pinned)), []);
});

kernelTest("tracepoints are counted exactly", { needs: ["tracefs"] }, async () => {
  // 10 of them, since kernels without cookies have programs for 16.
  const pattern = "t:syscalls:sys_enter_getpg*";
  const rows = await rowsOf({ pattern, comm: "call" }, () => run("call", 1, 2, 3, 5, 7));
  assertEquals(shown(rows), ["syscalls:sys_enter_getpgid 5"]);
  const by = ["comm", "kstack"] as const;
  const exec = { pattern: "t:sched:sched_process_exec", comm: "call", by };
  const stacks = await rowsOf(exec, () => run("call", 1, 2, 3));
  assertEquals(stacks.map(({ comm, count }) => [comm, count]), [["call", 1]]);
  assert(stacks[0].kstack!.some((name) => /execve/.test(name)));
});

kernelTest("without cookies there may be 16 tracepoints", { needs: ["tracefs"] }, async () => {
  const options = { pattern: "t:sched:*", comm: "call" };
  if (!hasFeature("attach_cookie")) {
    const error = assertThrows(() => funccount(options), ExitError, "no cookies, which Linux 5.15");
    return assertEquals(error.exitCode, 69);
  }
  const rows = await rowsOf(options, () => run("call", 1, 2, 3, 5, 7));
  assert(shown(rows).includes("sched:sched_process_exit 1"));
});

kernelTest("without kprobes a function of the kernel ends with 69, in one line", {}, async () => {
  if (hasFeature("kprobe")) return;
  const { code, stdout, stderr } = await runTool("funccount", ["vfs_read"]);
  assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [69, "", 1]);
  assertMatch(stderr, /^funccount: Cannot trace functions of the kernel: .* no kprobes/);
});

kernelTest("the table is the Python tool's, the least first", {}, async () => {
  const start = (...args: string[]) =>
    runTool("funccount", ["--ppid", `${Deno.pid}`, ...args, `${functions}:f?`], {
      workload: () => run("functions"),
      until: "Tracing",
    });
  const plain = await start();
  assertEquals([plain.code, plain.stderr], [0, ""]);
  const [title, header, ...rows] = plain.stdout.trimEnd().split("\n");
  assertEquals(title, `Tracing 7 functions for "${functions}:f?"... Hit Ctrl-C to end.`);
  assertEquals(header, "FUNC                                    COUNT");
  assertEquals(rows[0], "f1                                          3");
  assertEquals(rows.at(-1), "f6                                       1009");
  const more = await start("-T", "--rate", "--rows", "1");
  assertMatch(more.stdout, /\n\d\d:\d\d:\d\d\nFUNC +COUNT +PER_S\nf6 +1009 +[\d.]+\n/);
  const inPlace = await rowsOf({ top: true, pattern: `${functions}:f6` }, () => run("functions"));
  assertEquals(inPlace.reduce((sum, { count }) => sum + count, 0), 1009);
});

kernelTest("what cannot be counted is an error, with the nearest name", {}, () => {
  for (
    const [options, exitCode, message] of [
      [{ pattern: `${functions}:x*` }, 64, /No function of ".*functions" matches/],
      [{ pattern: `u:${functions}:x*` }, 64, /No USDT probe of ".*functions" matches/],
      [
        { pattern: "t:sched:sched_swich" },
        64,
        /No tracepoint.*did you mean t:sched:sched_switch\?/,
      ],
      [{ pattern: "no-such-library:f1" }, 64, /no library and no program called "no-such-library"/],
      [{ pattern: "/no/such/file:f1" }, 64, /There is no file "\/no\/such\/file"/],
      [{ pattern: ":f1" }, 64, /Name a process with -p/],
      [{ pattern: `${functions}:f[`, regexp: true }, 64, /nvalid regular expression/],
      [{ pattern: `${functions}:f?`, max: 3 }, 64, /There are 7 to trace, more than 3/],
      [{ pattern: `${functions}:f?`, except: ["f*"] }, 64, /Nothing is left of/],
      [{ pattern: "/etc/passwd:f" }, 65, /Cannot read \/etc\/passwd/],
    ] as const
  ) {
    const error = assertThrows(() => funccount(options), ExitError);
    assertEquals(error.exitCode, exitCode, error.message);
    assertMatch(`${error.message} ${error.hint}`, message);
  }
  const error = assertThrows(() => funccount({ pattern: `${functions}:f11` }), BpfError);
  assertMatch(`${error.message} ${error.hint}`, /functions has no function f11 did you mean f\d\?/);
  if (!hasFeature("kprobe")) return;
  const none = assertThrows(() => funccount({ pattern: "vfs_reed" }), ExitError);
  assertMatch(`${none.message} ${none.hint}`, /no function "vfs_reed".*did you mean vfs_read\?/);
});

kernelTest("faults of the command line end with 64, in one line", {}, async () => {
  const { code, stderr } = await runTool("funccount", ["--by", "color", "--max", "3", "c:f"]);
  assertEquals([code, stderr], [
    64,
    'funccount: --by: "color" is not one of pid, tid, comm, cpu, cgroup, kstack\n',
  ]);
});
