/**
 * trace against what traced.c does: calls, system calls and USDT probes in prime numbers, with known values. The
 * functions of the kernel are in tests/tools/trace.test.ts.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { BpfError } from "#lib/mod.ts";
import { ExitError } from "#lib/tool/mod.ts";
import { trace } from "../../tools/trace.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { hasFeature, kernelTest, runTool } from "../kernel/harness.ts";
import { Probed } from "../kernel/probed.ts";
import { eventsOf, runTraced, times, traced, upTo, valuesOf } from "./trace_events.ts";

const tracefs = { needs: ["tracefs"] } as const;

const OPENAT = "t:syscalls:sys_enter_openat";
/** The 34 of the workload: mode and flags distinguish them from those of libc and of reads(). */
const MADE = "(flags & O_CREAT && (flags & 3) == O_WRONLY)";
const HOSTNAME = '"/etc/hostname"';

kernelTest("23 of 34 openat() have O_CREAT, with their names", tracefs, async () => {
  const made = upTo(23).map((i) => [`made-${i}`, 0o101, -100, 0o600]);
  assertEquals(await valuesOf(`${OPENAT} filename, flags, dfd, mode ${MADE}`), made);
  // Which are tested by the kernel half, and by the user half, makes no difference.
  const slow = MADE.replace("(flags", "(0 || flags");
  assertEquals(await valuesOf(`${OPENAT} filename, flags, dfd, mode ${slow}`), made);
  const all = await valuesOf(`${OPENAT} filename (filename == ${HOSTNAME} || flags == 0101)`);
  assertEquals(all.length, 34);
});

kernelTest("texts are compared, as the Python tool does too", tracefs, async () => {
  const hostname = times(11, ["/etc/hostname"]);
  assertEquals(await valuesOf(`${OPENAT} filename (filename == ${HOSTNAME})`), hostname);
  const strcmp = `${OPENAT} (STRCMP(${HOSTNAME}, args->filename)) "%s", args->filename`;
  const events = await eventsOf(strcmp);
  assertEquals(events.map(({ message }) => message), times(11, "/etc/hostname"));
  const either = `${OPENAT} flags * 2 - 1 (filename == "made-3" || filename == "made-5")`;
  assertEquals(await valuesOf(either), times(2, [2 * 0o101 - 1]));
  assertEquals(await valuesOf(`${OPENAT} $uid ($comm == "traced" && filename >= "made-8")`), [
    ...times(2, [0]),
  ]);
});

kernelTest("results of system calls keep their sign", tracefs, async () => {
  const EXIT = "t:syscalls:sys_exit_read ret";
  assertEquals(await valuesOf(`${EXIT} (ret == 1009)`), times(29, [1009]));
  assertEquals(await valuesOf(`${EXIT} (ret == -EBADF)`), times(5, [-9]));
  assertEquals(await valuesOf(`${EXIT} (ret < 0)`), times(5, [-9]));
  assertEquals(await valuesOf(`${EXIT} / 0 (-1 >= ret)`), times(5, [null]));
});

kernelTest("texts and arrays in a record are read", tracefs, async () => {
  const exec = await valuesOf("t:sched:sched_process_exec filename, pid == $tgid");
  assertEquals(exec, [[traced, 1]]);
  assertEquals(await valuesOf("t:sched:sched_process_exit comm, args->comm"), [[
    "traced",
    "traced",
  ]]);
  const name = "t:raw_syscalls:sys_enter";
  const number = Deno.build.arch === "x86_64" ? 257 : 56;
  const made = `${name} (char *)args[1] (id == ${number} && args[2] == 0x41 && args[3] == 0600)`;
  assertEquals(await valuesOf(made), upTo(23).map((i) => [`made-${i}`]));
});

const TAKEN = `${traced}:taken(int number, const char *text, struct outer *outer, long negative)`;

kernelTest("arguments of a function are those that it is passed", {}, async () => {
  const all = upTo(23).map((i) => [i, `text ${i}`, -i || 0, -1009 - i, "deep"]);
  const values = "number, text, negative";
  const inner = "*(u64 *)(outer + 8)";
  assertEquals(
    await valuesOf(`${TAKEN} ${values}, *(int *)(${inner} + 16), *(char **)(${inner} + 24)`),
    all,
  );
  assertEquals(await valuesOf(`${TAKEN} negative (negative < -20)`), [[-21], [-22]]);
  const plain = `${traced}:taken (int)arg1, (char *)arg2 (arg1 == 7)`;
  assertEquals(await valuesOf(plain), [[7, "text 7"]]);
  const python = await eventsOf(`${traced}:taken (arg1 == 7) "%d is \\"%s\\"", arg1, arg2`);
  assertEquals(python.map(({ message }) => message), ['7 is "text 7"']);
});

kernelTest(
  "bitfields and members are found by the kernel's types",
  { needs: ["btf"] },
  async () => {
    const header = "((struct iphdr *)arg3)";
    const values = await valuesOf(`${traced}:taken ${header}->version, ${header}->ihl (arg1 == 0)`);
    assertEquals(values, [[4, 5]]);
    const list = "((struct list_head *)arg3)";
    const probe = `${traced}:taken ${list}->prev (${header}->ihl == 5 && ${header}->version > 3)`;
    const pointers = await valuesOf(probe);
    assertEquals(pointers.length, 23);
    assertMatch(String(pointers[0][0]), /^0x7f/); // of the stack
  },
);

kernelTest("numbers of the kernel's enums have names", { needs: ["btf"] }, async () => {
  // enum pid_type of include/linux/pid_types.h
  const type = "(enum pid_type)arg1";
  const probe = `${traced}:taken ${type} (arg1 < PIDTYPE_SID)`;
  const names = ["PIDTYPE_PID", "PIDTYPE_TGID", "PIDTYPE_PGID"];
  assertEquals(await valuesOf(probe), names.map((name) => [name]));
  const events = await eventsOf(`${traced}:taken (arg1 < PIDTYPE_SID) "%s %d", ${type}, ${type}`);
  assertEquals(events.map(({ message }) => message), names.map((name, i) => `${name} ${i}`));
});

kernelTest("whose memory a pointer leads to can be said", tracefs, async () => {
  const of = (space: string) => valuesOf(`${OPENAT} filename@${space} (flags == 0101)`);
  assertEquals(await of("kernel"), times(23, [null]));
  assertEquals(await of("user"), upTo(23).map((i) => [`made-${i}`]));
  assertEquals(await valuesOf(`${traced}:taken (char *)arg2@kernel (arg1 == 1)`), [[null]]);
});

kernelTest("trace shows what strace shows", tracefs, async () => {
  // What the dynamic loader opens may be in no page that is mapped yet.
  const own = (call: string) => /^made|^file|hostname/.test(call);
  const events = await eventsOf(`${OPENAT} "%s %x", filename, flags`);
  const cwd = await Deno.makeTempDir();
  const args = ["-e", "trace=openat", "-X", "raw", traced];
  const { stderr } = await new Deno.Command("strace", { args, cwd, stderr: "piped" }).output();
  await Deno.remove(cwd, { recursive: true });
  const calls = new TextDecoder().decode(stderr)
    .matchAll(/^openat\(.*, "(.*)", (?:0x)?([0-9a-f]+)/gm);
  const shown = [...calls].map(([, name, flags]) => `${name} ${flags}`).filter(own);
  assertEquals(shown.length, 36);
  assertEquals(events.map(({ message }) => message!).filter(own), shown);
});

kernelTest("the kernel half and the user half agree on what holds", {}, async () => {
  // Of taken(i, ..., -i).
  const conditions: [string, (i: number) => boolean][] = [
    ["number > 10", (i) => i > 10],
    ["-7 >= negative", (i) => -i <= -7],
    ["number & 5", (i) => (i & 5) !== 0],
    ["(number & 6) == 4", (i) => (i & 6) === 4],
    ["negative != -3 && number >= 2", (i) => i !== 3 && i >= 2],
    ["(u8)negative == 250", (i) => i === 6],
    ["(s8)negative < 0", (i) => i > 0],
    ["!number", (i) => i === 0],
  ];
  const probes = conditions.flatMap(([condition]) => [
    `${TAKEN} number (${condition})`,
    `${TAKEN} number (0 || ${condition})`,
  ]);
  const [probe, ...more] = probes;
  const seen = Map.groupBy(await eventsOf(probe, { more }), (event) => event.probe);
  for (const [at, text] of probes.entries()) {
    const numbers = seen.get(text)!.map(({ values }) =>
      Number((values as { number: bigint }).number)
    );
    assertEquals(numbers, upTo(23).filter(conditions[at >> 1][1]), text);
  }
});

kernelTest("a function returns what it returns", {}, async () => {
  const returned = upTo(23).map((i) => [-i || 0]);
  assertEquals(await valuesOf(`r:${traced}:taken (int)retval`), returned);
  assertEquals((await valuesOf(`r:${traced}:taken (int)retval ((int)retval < -5)`)).length, 17);
  const odd =
    `r:${traced}:taken (int)retval ((int)retval < -5 && (int)retval != -7 && (int)retval & 1)`;
  assertEquals((await valuesOf(odd)).length, 8 - 1);
});

kernelTest("a place within a function is passed", {}, async () => {
  const second = Deno.build.arch === "x86_64" ? 1 : 4; // bytes of an instruction
  const events = await eventsOf(`${traced}:placed+${second}`);
  assertEquals(events.map(({ func, message, values }) => [func, message, values]), [
    ...times(17, ["placed", undefined, undefined]),
  ]);
});

kernelTest("arguments of USDT probes are where each place has them", {}, async () => {
  const given = [
    ...upTo(13).map((i) => [i, "given text", -7, 11]),
    ...upTo(7).map((i) => [-5, "given text", i, 13]),
  ];
  for (const name of ["given", "denobpf:given"]) {
    const probe = `u:${traced}:${name} arg1, (char *)arg2, arg3, arg4`;
    assertEquals(await valuesOf(probe), given);
  }
  const negative = `u:${traced}:given (u8)arg1, arg4 (arg1 < 0)`;
  assertEquals(await valuesOf(negative), times(7, [251, 13]));
});

kernelTest("a USDT probe with a semaphore is passed while somebody watches", {}, async () => {
  const functions = new URL("../../build/tests/functions", import.meta.url).pathname;
  const run = () => new Deno.Command(functions).output();
  const events = await eventsOf(`u:${functions}:watched`, { comm: "functions" }, run);
  assertEquals(events.length, 29);
});

kernelTest("several probes are one trace, in the order of the events", tracefs, async () => {
  const more = [
    `r:${traced}:taken (int)retval (retval == 0)`,
    `u:${traced}:given arg1 (arg3 == 6)`,
  ];
  const events = await eventsOf(`${OPENAT} filename (filename == "made-22")`, { more });
  assertEquals(events.map(({ func, values }) => [func, Object.values(values as object)]), [
    ["sys_enter_openat", ["made-22"]],
    ["taken", [0n]],
    ["given", [-5n]],
  ]);
  assertEquals(events.map(({ probe }) => probe), [
    `${OPENAT} filename (filename == "made-22")`,
    ...more,
  ]);
});

kernelTest("-p traces one process, -L one thread, by the program that it runs", {}, async () => {
  await using probed = Probed.start(23, 23, 23);
  await using other = Probed.start(29, 29, 29);
  const both = () => Promise.all([probed.go(), other.go()]);
  const options = { comm: undefined, pid: [probed.pid] };
  const events = await eventsOf(":step", options, both);
  assertEquals(events.map(({ pid }) => pid), times(23, probed.pid));
  const thread = { comm: undefined, tid: other.pid };
  assertEquals((await eventsOf(`${Probed.path}:step`, thread, both)).length, 29);
  const given = await eventsOf("u::step arg1", options, both);
  assertEquals(
    given.map(({ values }) => Object.values(values as object)),
    upTo(23).map((i) => [BigInt(i)]),
  );
});

kernelTest("--cgroup, -n and -f leave events out", {}, async () => {
  await using cgroup = new Cgroup();
  const inGroup = async () => {
    await runTraced();
    const [program, ...args] = cgroup.command(traced);
    await new Deno.Command(program, { args, cwd: "/tmp" }).output();
  };
  const probe = `${traced}:taken (int)arg1`;
  const grouped = await eventsOf(probe, { cgroup: cgroup.path }, inGroup);
  assertEquals(grouped.length, 23);
  assertEquals((await eventsOf(probe, { name: "race" })).length, 23);
  assertEquals((await eventsOf(probe, { name: "other" })).length, 0);
  const filtered = await eventsOf(probe, { msg_filter: "arg1=1" });
  assertEquals(filtered.length, 1 + 10);
});

kernelTest("-Z cuts texts, and an event says so", tracefs, async () => {
  const probe = `${OPENAT} filename (filename == "/etc/h" || filename == "made-22")`;
  const events = await eventsOf(probe, { string_size: 7 });
  assertEquals(events.map(({ values, cut }) => [Object.values(values as object)[0], cut]), [
    ...times(11, ["/etc/h", true]),
  ]);
  const whole = await eventsOf(probe, { string_size: 9 });
  assertEquals(whole.map(({ cut }) => cut), [false]);
});

kernelTest("a value that cannot be read is none, and meets no condition", {}, async () => {
  const values = await valuesOf(`${traced}:taken *(int *)(arg1 + 8), arg1`);
  assertEquals(values.map(([read]) => read), times(23, null));
  assertEquals((await valuesOf(`${traced}:taken (*(int *)(arg1 + 8) != 77)`)).length, 0);
  const shown = await eventsOf(
    `${traced}:taken "%d %s", *(int *)(arg1 + 8), (char *)arg1 (arg1 == 1)`,
  );
  assertEquals(shown.map(({ message }) => message), ["? ?"]);
});

kernelTest("stacks lead to the probe, with addresses if they are asked for", tracefs, async () => {
  await using probed = Probed.start(2, 3, 5); // names are there as long as the process is
  const options = { comm: undefined, pid: [probed.pid], kernel_stack: true, user_stack: true };
  const go = () => probed.go();
  const [first] = await eventsOf(":step", options, go);
  assertEquals(first.ustack?.[0], "step");
  const write = "t:syscalls:sys_enter_write";
  const [{ ustack, kstack }] = await eventsOf(write, { ...options, address: true }, go);
  assertMatch(ustack![0], /^\[<[0-9a-f]{16}>\] \w*write/);
  if (kstack !== undefined) assertMatch(kstack[0], /^\[<ffff[0-9a-f]{12}>\]/);
});

kernelTest("the table is the Python tool's", {}, async () => {
  const start = (...args: string[]) =>
    runTool("trace", ["--ppid", `${Deno.pid}`, ...args], {
      workload: () => runTraced(),
      // With -M it ends by itself.
      ...!args.includes("-M") && { until: "PID" },
    });
  const plain = await start(`${traced}:taken`);
  assertEquals([plain.code, plain.stderr], [0, ""]);
  const [header, ...rows] = plain.stdout.trimEnd().split("\n");
  assertEquals(header.trimEnd(), "PID     TID     COMM            FUNC             -");
  assertEquals(rows.length, 23);
  for (const row of rows) assertMatch(row, /^(\d+) +\1 +traced {10}taken {12}-?$/);
  const some = await start(
    "-tuTC",
    "-M",
    "5",
    `${traced}:taken (arg1 > 3) "%03d %-8s|", arg1, arg2`,
  );
  const [titles, first, ...others] = some.stdout.trimEnd().split("\n");
  assertMatch(titles, /^TIME +TIME +TIME +CPU PID +TID +COMM +FUNC +-$/);
  assertMatch(
    first,
    /^\d\d:\d\d:\d\d \d{10}\.\d{6} \d+\.\d{6} {2}\d+ +(\d+) +\1 +traced {10}taken {12}004 text 4 {2}\|$/,
  );
  assertEquals(others.length, 4);
  const stacks = await start("-KU", "-b", "3", "--uid", "0", "-M", "1", `${traced}:taken`);
  assertMatch(stacks.stdout, /traced +taken +-? *\n( +\S+\n)+\n$/);
  const nobody = await start("--uid", "12345", "--seconds", "0", `${traced}:taken`);
  assertEquals(nobody.stdout.split("\n").length, 2);
});

kernelTest(
  "the ring has the pages that are asked for, and what it has no room for is lost",
  {},
  async () => {
    using passed = trace({ probe: `${traced}:taken`, buffer_pages: 1, comm: "traced" });
    for (let i = 0; i < 11; i++) await runTraced(); // nobody reads meanwhile
    passed.stop();
    let seen = 0;
    for await (const { func } of passed) seen += Number(func === "taken");
    assert(passed.lost > 0n);
    assertEquals(seen + Number(passed.lost), 11 * 23);
  },
);

kernelTest("what the tool itself does is shown with -S alone", tracefs, async () => {
  const open = () => Promise.resolve(Deno.openSync("/etc/hostname").close());
  const probe = `${OPENAT} filename (filename == ${HOSTNAME})`;
  const options = { comm: undefined, pid: [Deno.pid] };
  assertEquals((await eventsOf(probe, options, open)).length, 0);
  assertEquals((await eventsOf(probe, { ...options, include_self: true }, open)).length, 1);
});

kernelTest("an error says what is wrong, and where", tracefs, () => {
  for (
    const [probe, message] of [
      [`${OPENAT} filname`, /character 29: nothing is called filname: did you mean filename\?/],
      [`${OPENAT} filename->x`, /character 39: this is a number, and leads to nothing/],
      [`${OPENAT} common_pid`, /character 29: programs are not shown common_pid/],
      [`${OPENAT} $latency`, /character 29: \$latency needs what is kept/],
      [`${OPENAT} foo(1)`, /character 29: there are no functions such as foo\(\)/],
      [`${OPENAT} "%d", filename`, /character 35: filename is text: %s shows it, not %d/],
      [`${OPENAT} "%q"`, /character 30: %q is no conversion/],
      [`${OPENAT} "%d %d", flags`, /character 29: the format shows 2 values, and there are 1/],
      [`${OPENAT} (flags`, /character 35: \) is missing: \( is character 29/],
      [
        `${OPENAT} ((struct nothing *)filename)->x`,
        /struct nothing \*: the kernel's types do not have it/,
      ],
      ["t:raw_syscalls:sys_enter args", /args is an array: name one of its elements, as in \[0\]/],
      ["t:sched:sched_process_exit comm * 2", /\* is for numbers, and this is text/],
      [`${traced}:taken retval`, /the function has not returned yet: r: shows what it returns/],
      [`r:${traced}:taken arg1`, /the function has returned, and its arguments are gone/],
      [`${traced}:taken arg9`, /arguments behind the \dth are on the stack/],
      [`u:${traced}:given arg5`, /the probe has 4 arguments/],
      [`${traced}:take*`, /is a pattern: one name is taken here, funccount counts patterns/],
      [`t:sched_switch`, /a tracepoint is named t:CATEGORY:NAME/],
      [
        `${traced}:taken ${upTo(9).map((i) => `*(u8 *)(arg2 + ${i})`)}`,
        /no more than 8 different values/,
      ],
    ] as const
  ) {
    const error = assertThrows(() => trace({ probe }), ExitError);
    assertEquals(error.exitCode, 64, error.message);
    assertMatch(`${error.message} ${error.hint}`, message);
  }
  const far = assertThrows(() => trace({ probe: `${traced}:placed+4096` }), BpfError);
  assertMatch(far.message, /has \d+ bytes, and 4096 lies beyond it/);
  const many = { probe: `${traced}:taken`, more: times(16, `${traced}:taken`) };
  assertThrows(() => trace(many), ExitError, "There are 17 probes, more than 16");
});

kernelTest("without kprobes a function of the kernel ends with 69, in one line", {}, async () => {
  if (hasFeature("kprobe")) return;
  const { code, stdout, stderr } = await runTool("trace", ["vfs_read"]);
  assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [69, "", 1]);
  assertMatch(stderr, /^trace: Cannot trace functions of the kernel: .* no kprobes/);
});
