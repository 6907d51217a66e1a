/**
 * argdist against what traced.c, calls.c and functions.c do: calls, system calls and USDT probes in prime numbers,
 * with known values. The functions of the kernel are in tests/tools/argdist_kernel.test.ts.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ExitError } from "#lib/tool/mod.ts";
import { argdist, type ValueCount } from "../../tools/argdist.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { kernelTest, runTool } from "../kernel/harness.ts";
import { Probed } from "../kernel/probed.ts";
import { counted, countsOf, tableOf, tally } from "./argdist_rows.ts";
import { run } from "./funccount_rows.ts";
import { runTraced, traced, upTo } from "./trace_events.ts";

const tracefs = { needs: ["tracefs"] } as const;

const root = new URL("../../build/tests/", import.meta.url).pathname;
const OPENAT = "t:syscalls:sys_enter_openat";
const MADE = "(flags & O_CREAT && (flags & 3) == O_WRONLY)";
/** Of taken(i, "text i", outer, -i), which returns -i, for i from 0 to 22. */
const TAKEN = `${traced}:taken(int number, const char *text, void *outer, long negative)`;
const CALLS = upTo(23);

kernelTest("23 calls are counted by their values, in both forms", {}, async () => {
  assertEquals(await countsOf(`${TAKEN} number`), CALLS.map((i) => [i, 1]));
  assertEquals(await countsOf(`p:${TAKEN}:int:number`), CALLS.map((i) => [i, 1]));
  assertEquals(await countsOf(`p:${traced}:taken(int number, ...):int:number`), [
    ...CALLS.map((i) => [i, 1]),
  ]);
  assertEquals(await countsOf(`${traced}:taken`), [[23]]);
  assertEquals(await countsOf(`${traced}:taken (arg1 > 5)`), [[17]]);
  assertEquals(await countsOf(`p:${TAKEN}:int,long:number%3,negative:number<7`), [
    ...[[0, -3, 1], [0, -6, 1], [0, 0, 1], [1, -1, 1], [1, -4, 1], [2, -2, 1], [2, -5, 1]],
  ]);
  assertEquals(await countsOf(`${TAKEN} number % 3`), [[0, 8], [1, 8], [2, 7]]);
});

kernelTest("the kernel computes what TypeScript does", {}, async () => {
  const computed: [string, (i: number) => number][] = [
    ["number * number - 100", (i) => i * i - 100],
    ["(number * number - 100) / 7", (i) => Math.trunc((i * i - 100) / 7)],
    ["(number * number - 100) % 7", (i) => (i * i - 100) % 7],
    ["negative / -3 + (number >> 1)", (i) => Math.trunc(i / 3) + (i >> 1)],
    ["negative >> 2", (i) => -i >> 2],
    ["number << 3 ^ 5", (i) => i << 3 ^ 5],
    ["~number & 0xff", (i) => ~i & 0xff],
    ["-(number | 1)", (i) => -(i | 1)],
    ["number - 2 * (3 - (number & 1))", (i) => i - 2 * (3 - (i & 1))],
    ["!number || number > 20", (i) => Number(i === 0 || i > 20)],
    ["negative < -5 && negative >= -9", (i) => Number(-i < -5 && -i >= -9)],
    ["negative == -7", (i) => Number(i === 7)],
    ["negative != -7", (i) => Number(i !== 7)],
    ["number <= 4", (i) => Number(i <= 4)],
    ["-1 < (u8)number", () => 0], // as in C: 255
    ["negative < number", (i) => Number(i > 0)],
    ["(u8)negative", (i) => -i & 0xff],
    ["(s8)(negative)", (i) => -i],
    ["7 * 6", () => 42],
    [`0 + ${tree(3)}`, (i) => 8 * i],
    ["100 / (1 + (number - (2 - number)))", (i) => i === 0 ? -100 : Math.trunc(100 / (2 * i - 1))],
  ];
  const specs = computed.map(([expression]) => `${TAKEN} ${expression}`);
  for (const part of [specs.slice(0, 10), specs.slice(10)]) {
    const { rows } = await tableOf({ counts: part });
    const bySpec = Map.groupBy(rows, ({ spec }) => spec);
    for (const spec of part) {
      const [, oracle] = computed[specs.indexOf(spec)];
      assertEquals(counted(bySpec.get(spec)!), tally(CALLS.map((i) => oracle(i) || 0)), spec);
    }
  }
});

kernelTest("types of the Python tool's form cut numbers as C does", {}, async () => {
  const of = (type: string, value: string) => countsOf(`p:${TAKEN}:${type}:${value}:number==3`);
  assertEquals(await of("u8", "negative"), [[253, 1]]);
  assertEquals(await of("s8", "number+125"), [[-128, 1]]);
  assertEquals(await of("u64", "number"), [[3, 1]]);
  const [[pointer]] = await of("void*", "outer");
  assertMatch(String(pointer), /^0x7f/); // of the stack
});

kernelTest("division by zero, and memory that is not there, have no value", {}, async () => {
  const { rows } = await tableOf({ counts: [`${TAKEN} 6 / (number / 11)`] });
  assertEquals(counted(rows).map(String).sort(), [",11", "3,1", "6,11"]);
  assertEquals(
    rows.find(({ values }) => Object.values(values as object)[0] === null)?.event,
    [
      "6 / (number / 11) = ?",
    ][0],
  );
  const nowhere = "*(int *)(negative + 8)";
  assertEquals(await countsOf(`${TAKEN} number (${nowhere} != 77)`), []);
  assertEquals(await countsOf(`${TAKEN} number (${nowhere} || number > 20)`), [[21, 1], [22, 1]]);
  const { rows: [row] } = await tableOf({ hist: [`${TAKEN} ${nowhere}`] });
  assertEquals([row.count, row.unread, row.avg], [0, 23, undefined]);
});

kernelTest("texts are counted: names of files, arguments, names of threads", tracefs, async () => {
  const made = upTo(23).map((i) => [`made-${i}`, 0o101, 1]);
  const order = (rows: unknown[][]) => rows.map(String).sort();
  assertEquals(order(await countsOf(`${OPENAT} filename, flags ${MADE}`)), order(made));
  const all = await countsOf(`${OPENAT} filename (flags == 0)`);
  assertEquals(all.filter(([name]) => name === "/etc/hostname"), [["/etc/hostname", 11]]);
  const text = await countsOf(`p:${TAKEN}:char*,int:text,number/23`);
  assertEquals(order(text), order(CALLS.map((i) => [`text ${i}`, 0, 1])));
  const executed = await countsOf("t:sched:sched_process_exec filename, pid == $tgid");
  assertEquals(executed, [[traced, 1, 1]]);
  assertEquals(await countsOf(`${TAKEN} $comm, $uid`), [["traced", 0, 23]]);
  assertEquals(
    await countsOf(`${TAKEN} text`, { string_size: 6 }),
    [
      ["text ", 0],
    ].slice(1).concat(tally(CALLS.map((i) => `text ${i}`.slice(0, 5))) as never),
  );
});

kernelTest("results of system calls keep their sign", tracefs, async () => {
  const EXIT = "t:syscalls:sys_exit_read";
  assertEquals(await countsOf(`${EXIT} ret (ret == 1009 || ret < 0)`), [[-9, 5], [1009, 29]]);
  assertEquals(await countsOf(`t:syscalls:sys_exit_read():int:args->ret:args->ret==-EBADF`), [
    [-9, 5],
  ]);
});

/** The slots of powers of two, by arithmetic of its own. */
function slotsOf(values: readonly number[]): { histogram: number[]; negative: number[] } {
  const slots = (some: readonly number[]) => {
    const logs = some.map((value) => value < 2 ? 0 : value.toString(2).length - 1);
    return Array.from(
      { length: Math.max(-1, ...logs) + 1 },
      (_, i) => logs.filter((log) => log === i).length,
    );
  };
  return {
    histogram: slots(values.filter((value) => value >= 0)),
    negative: slots(values.filter((value) => value < 0).map((value) => -value)),
  };
}

kernelTest("slots are those of an oracle, and negative values have their own", {}, async () => {
  const cases: [string, (i: number) => number][] = [
    ["number", (i) => i],
    ["negative", (i) => -i],
    ["number * number * number - 1009", (i) => i ** 3 - 1009],
    ["1 << number * 2", (i) => 2 ** (2 * i)],
    ["-(1 << number * 2) - 1", (i) => -(2 ** (2 * i)) - 1],
    ["number - number", () => 0],
  ];
  const { rows } = await tableOf({ hist: cases.map(([expression]) => `${TAKEN} ${expression}`) });
  for (const [expression, oracle] of cases) {
    const row = rows.find((one) => one.expression === expression)!;
    const values = CALLS.map((i) => oracle(i) || 0);
    const total = values.reduce((a, b) => a + b);
    const { histogram, negative } = slotsOf(values);
    assertEquals(row.histogram, histogram, expression);
    assertEquals(row.negative, negative, expression);
    assertEquals([row.count, row.unread, row.total], [23, 0, BigInt(total)]);
    assertEquals(row.avg, total / 23);
  }
});

kernelTest("the largest numbers are in the last slots", {}, async () => {
  const { rows } = await tableOf({
    hist: [
      `${TAKEN} 0xffffffffffffffff (number == 1)`,
      `${TAKEN} -0x7fffffffffffffff - 1 (number == 1)`,
    ],
  });
  assertEquals(rows.map(({ histogram }) => histogram), [[...Array(63).fill(0), 1], []]);
  assertEquals(rows[1].negative, [...Array(63).fill(0), 1]);
});

kernelTest("--linear has ranges of one width", {}, async () => {
  const linear = { first: -5n, size: 4n, count: 4 };
  const { rows: [row] } = await tableOf({ hist: [`${TAKEN} negative + 10`], linear });
  // 10 down to -12: -5 to -2, -1 to 2, 3 to 6, 7 to 10.
  assertEquals([row.histogram, row.below, row.above], [[4, 4, 4, 4], 7, 0]);
  const { rows: [other] } = await tableOf({ hist: [`${TAKEN} number`], linear });
  assertEquals([other.histogram, other.below, other.above], [[0, 3, 4, 4], 0, 12]);
});

kernelTest("the end of a function has its result, arguments and latency", {}, async () => {
  const RETURNS = `r:${TAKEN}`;
  assertEquals(await countsOf(`r:${traced}:taken`), CALLS.map((i) => [-i || 0, 1]).reverse());
  const pairs = CALLS.map((i) => [i, -i || 0, 1]);
  assertEquals(await countsOf(`${RETURNS} number, (int)retval`), pairs);
  assertEquals(await countsOf(`${RETURNS}:int,int:$entry(number),$retval`), pairs);
  const few = `${RETURNS} (int)retval + number, $latency > 0 && $latency < 1 << 40 (number > 5)`;
  assertEquals(await countsOf(few), [[0, 1, 17]]);
  const texts = await countsOf(`${RETURNS} text, *(int *)(*(u64 *)(outer + 8) + 16) (number < 2)`);
  assertEquals(texts.map(String).sort(), ["text 0,-1009,1", "text 1,-1010,1"]);
  const read = `$entry(*(int *)(*(u64 *)(outer + 8) + 16))`;
  assertEquals(await countsOf(`${RETURNS} ${read} (number == 3)`), [[-1012, 1]]);
  const none = await countsOf(`${RETURNS} number ($entry(*(int *)(negative + 8)) != 77)`);
  assertEquals(none, []);
});

kernelTest("calls take as long as they take, by themselves and in one another", {}, async () => {
  const { rows: [slow], returns } = await tableOf(
    { hist: [`r:${root}calls:slow $latency / 1000000`] },
    () => run("calls", "sleep", 7),
  );
  assertEquals([slow.count, returns], [7, 0n]);
  assert(slow.total! >= 700n, `${slow.total}`);
  assertEquals(slow.histogram!.slice(0, 6), Array(6).fill(0)); // 2^6 ms is 64
  const { rows: [rec], returns: lost } = await tableOf(
    { hist: [`r:${root}calls:rec $latency`] },
    () => run("calls", "rec", 10),
  );
  assertEquals([rec.count, lost], [11, 0n]);
  assert(rec.total! >= 132_000_000n, `${rec.total}`); // 2 + 4 + ... + 22 ms
});

kernelTest("calls that do not return are reported", {}, async () => {
  const { rows, returns } = await tableOf(
    { counts: [`r:${root}calls:again $latency > 0`] },
    () => run("calls", "back", 11),
  );
  assertEquals([rows, returns], [[], 11n]);
});

kernelTest("several specifications at one function do not disturb each other", {}, async () => {
  const spec = `r:${TAKEN}`;
  const { rows, map, returns } = await tableOf({
    counts: [`${spec} $entry(number) < 100`, `${spec} $latency > 0`, `${TAKEN} number >= 0`],
    hist: [`${spec} $latency`, `r:${traced}:taken`],
  });
  assertEquals(rows.map(({ count }) => count), [23, 23, 23, 23, 23]);
  assertEquals([map, returns], [0n, 0n]);
});

kernelTest("four threads count to 4036, in whatever tables", {}, async () => {
  for (const interval of [3600, 0.03]) {
    const { rows, map, returns } = await tableOf(
      { counts: [`r:${root}functions:f7(int n) n - (int)retval, $comm`], interval },
      () => run("functions", "4"),
    );
    assertEquals(rows.reduce((sum, { count }) => sum + count, 0), 4 * 1009);
    assertEquals(new Set(rows.map(({ event }) => event)).size, 1);
    assertEquals([map, returns], [0n, 0n]);
  }
});

kernelTest("arguments of USDT probes are where each place has them", {}, async () => {
  const given = [
    ...upTo(13).map((i) => [i, -7, 11, 1]),
    ...upTo(7).map((i) => [-5, i, 13, 1]),
  ];
  const counts = await countsOf(`u:${traced}:given():int,int,int:arg1,arg3,arg4`);
  assertEquals(counts.map(String).sort(), given.map(String).sort());
  assertEquals(await countsOf(`u:${traced}:denobpf:given arg4`), [[11, 13], [13, 7]]);
  const text = await countsOf(`u:${traced}:given (char *)arg2, arg4`);
  assertEquals(text.map(String).sort(), ["given text,11,13", "given text,13,7"]);
  const { rows: [row] } = await tableOf({ hist: [`u:${traced}:given arg1`] });
  const { histogram, negative } = slotsOf([...upTo(13), ...Array(7).fill(-5)]);
  assertEquals([row.histogram, row.negative, row.count], [histogram, negative, 20]);
});

kernelTest("-p, -t and --cgroup trace some alone", {}, async () => {
  await using probed = Probed.start(23, 23, 23);
  await using other = Probed.start(29, 29, 29);
  const both = () => Promise.all([probed.go(), other.go()]);
  const options = { ppid: undefined, pid: [probed.pid] };
  assertEquals(await countsOf(":step $tgid", options, both), [[probed.pid, 23]]);
  const thread = { ppid: undefined, tid: other.pid };
  assertEquals(await countsOf(`${Probed.path}:step $pid`, thread, both), [[other.pid, 29]]);
  await using cgroup = new Cgroup();
  const inGroup = async () => {
    await runTraced();
    const [program, ...args] = cgroup.command(traced);
    await new Deno.Command(program, { args, cwd: "/tmp" }).output();
  };
  const grouped = await countsOf(
    `${traced}:taken`,
    { cgroup: cgroup.path, ppid: undefined },
    inGroup,
  );
  assertEquals(grouped, [[23]]);
});

kernelTest("-T shows the most frequent, -c all since the beginning", {}, async () => {
  const { rows } = await tableOf({
    counts: [`${TAKEN} number > 18`, `${TAKEN} number / 10`],
    top: 1,
  });
  assertEquals(counted(rows).map(String).sort(), ["0,10", "0,19"].sort());
  for (const cumulative of [false, true]) {
    using trace = argdist({
      counts: [`${TAKEN} number % 2`],
      hist: [`${TAKEN} number`],
      ppid: Deno.pid,
      interval: 0.2,
      cumulative,
    });
    const tables: ValueCount[][] = [];
    let runs = 0;
    await runTraced();
    for await (const table of trace.batches()) {
      const rows: ValueCount[] = [];
      table.forEach((row) => rows.push(row));
      tables.push(rows);
      if (++runs < 3) await runTraced();
      else trace.stop();
    }
    const shown = tables.map((rows) =>
      rows.map(({ histogram, count }) => histogram === undefined ? count : -count)
        .sort((a, b) => a - b)
    );
    const last = shown.at(-1)!;
    assertEquals(cumulative ? last : [], cumulative ? [-69, 33, 36] : []);
    const all = shown.flat().filter((count) => count < 0).reduce((a, b) => a + b, 0);
    if (!cumulative) assertEquals(all, -69);
  }
});

kernelTest("the tables are the Python tool's", tracefs, async () => {
  const start = (...args: string[]) =>
    runTool("argdist", ["--ppid", `${Deno.pid}`, ...args], {
      workload: () => runTraced(),
      until: "Tracing",
    });
  const { code, stdout, stderr } = await start(
    ...["-i", "0", "-T", "2", "-z", "7"],
    ...["-C", `p:${TAKEN}:int:number/9#ninths`, "-C", `${TAKEN} text (number<2)`],
    ...["--histogram", `${TAKEN} negative #below`, "-H", `r:${traced}:taken`],
  );
  assertEquals([code, stderr], [0, ""]);
  const [title, time, ...lines] = stdout.split("\n").map((line) => line.trimEnd());
  assertEquals(title, "Tracing 4 probes... Hit Ctrl-C to end.");
  assertMatch(time, /^\[\d\d:\d\d:\d\d\]$/);
  assertEquals(lines.slice(0, 7), [
    "ninths",
    "\tCOUNT      EVENT",
    "\t9          number/9 = 0",
    "\t9          number/9 = 1",
    `${TAKEN} text (number<2)`,
    "\tCOUNT      EVENT",
    "\t1          text = text 0",
  ]);
  assertEquals(lines.slice(8, 16), [
    "below",
    "     negative            : count    distribution",
    "       -31 -> -16        : 7        |***********************************     |",
    "       -15 -> -8         : 8        |****************************************|",
    "        -7 -> -4         : 4        |********************                    |",
    "        -3 -> -2         : 2        |**********                              |",
    "        -1 -> -1         : 1        |*****                                   |",
    "         0 -> 1          : 1        |*****                                   |",
  ]);
});

kernelTest("interval and count are options, or words", {}, async () => {
  const spec = `${traced}:taken`;
  for (
    const words of [
      ["-i", "0.1", "-n", "2"],
      ["--interval", "0.1", "--count", "2"],
      ["--number", "2", "-i", "0.1"],
      ["0.1", "2"],
      ["--seconds", "0"],
      ["-d", "0.2"],
    ]
  ) {
    const { code, stdout, stderr } = await runTool("argdist", ["-C", spec, ...words]);
    assertEquals([code, stderr], [0, ""], words.join(" "));
    assertMatch(stdout, /^Tracing 1 probes/);
  }
});

kernelTest("data has a row for each value and each histogram", {}, async () => {
  const { code, stdout, stderr } = await runTool("argdist", [
    ...["--ppid", `${Deno.pid}`, "-o", "csv", "-i", "0", "-C", `${TAKEN} number % 5, text`],
    ...["--linear", "0,20,10", "-H", `${TAKEN} number#numbers`, "-T", "7"],
    ...["--fields", "spec,count,event,total,avg,unread,histogram,below,above"],
  ], { workload: () => runTraced(), until: "spec" });
  assertEquals([code, stderr], [0, ""]);
  const [header, ...rows] = stdout.trimEnd().split(/\r?\n/);
  assertEquals(header, "spec,count,event,total,avg,unread,histogram,below,above");
  assertEquals(rows.length, 7 + 1);
  assertMatch(rows[0], /,1,"number % 5 = 0, text = text 0",/);
  assertMatch(rows.at(-1)!, /^numbers,23,,253,11(?:\.0)?,0,"?10[ ,]10"?,0,3$/);
});

kernelTest("values for which there is no room are reported", {}, async () => {
  // 61,549 pairs of number and thread, and room for 16,384 at a time.
  const { rows, map } = await tableOf(
    { counts: [`${root}functions:f7(int n) n, $pid`] },
    () => run("functions", "61"),
  );
  assertEquals(rows.reduce((sum, { count }) => sum + count, 0) + Number(map), 61 * 1009);
});

/** Of 2^depth numbers, which takes depth + 1 places. A value that begins with ( would be a condition. */
const tree = (depth: number): string =>
  depth === 0 ? "number" : `(${tree(depth - 1)} + ${tree(depth - 1)})`;

kernelTest("an error says what is wrong, and where", tracefs, async () => {
  for (
    const [spec, message] of [
      [`${OPENAT} filname`, /character 29: nothing is called filname: did you mean filename\?/],
      [`${OPENAT} $latency`, /character 29: \$latency is for the end of a function: r:NAME/],
      [`${OPENAT} $entry(flags)`, /character 29: \$entry\(\) is for the end of a function/],
      [`${OPENAT} foo(1)`, /character 29: there are no functions such as foo\(\)/],
      [`${OPENAT} "%d", flags`, /character 29: formats are for trace/],
      [`${OPENAT} (flags`, /character 35: \) is missing: \( is character 29/],
      [`${OPENAT} flags (filename == "a")`, /character 45: texts are not compared in the kernel/],
      [`${OPENAT} flags (STRCMP("a", filename))`, /texts are not compared in the kernel/],
      [`${OPENAT} filename + 1`, /character 38: \+ is for numbers, and this is text/],
      [`${OPENAT} dfd flags`, /character 33: , must be between two values/],
      [`${OPENAT} dfd, flags, mode, 1, 2`, /no more than 4 values are counted together/],
      [`${OPENAT}():int`, /character 34: : and a value must follow the type/],
      [`${OPENAT}():int:`, /something is missing|a name or a number must be here/],
      [`${OPENAT}():int,int:flags`, /character 31: there are 2 types, and 1 values/],
      [`${OPENAT}():nothing:flags`, /character 31: a type of C must be here/],
      [`${OPENAT}():foo_t:flags`, /character 31: foo_t is no type of a number/],
      [`${OPENAT}():char*:flags`, /character 37: flags is no text/],
      [`${OPENAT}():int:flags:dfd > 0:1`, /character 48: nothing more must follow here/],
      [`${OPENAT}:int:flags`, /\(\) must be between the name and the colon behind it/],
      [`${traced}:taken retval`, /the function has not returned yet: r: shows what it returns/],
      [`r:${TAKEN} $entry(number + 1)`, /\$entry\(\) takes a name/],
      [`r:${TAKEN} $entry(retval)`, /retval is known at the end alone/],
      [`${traced}:take*`, /is a pattern: one name is taken here/],
      [`${TAKEN} 0 + ${tree(4)}`, /needs more than 4 numbers at a time/],
      [`${TAKEN} ${Array(40).fill("number").join("+")}`, /more than can be computed for each call/],
      [`${TAKEN} 1 << 64 (number > 1)`, /does not fit into 64 bits/],
      [
        `${traced}:taken ${upTo(9).map((i) => `*(u8 *)(arg2 + ${i})`).join("+")}`,
        /no more than 8 different values can be fetched/,
      ],
    ] as const
  ) {
    const error = assertThrows(() => argdist({ counts: [spec] }), ExitError);
    assertEquals(error.exitCode, 64, error.message);
    assertMatch(`${error.message} ${error.hint}`, message);
  }
  for (
    const [spec, message] of [
      [`${TAKEN}`, /the value is missing whose histogram is to be shown/],
      [`${TAKEN} number, negative`, /a histogram is of one value/],
      [`${TAKEN} text`, /a histogram is of numbers, and this is text: -C counts it/],
    ] as const
  ) {
    const error = assertThrows(() => argdist({ hist: [spec] }), ExitError);
    assertEquals(error.exitCode, 64, error.message);
    assertMatch(error.message, message);
  }
  const many = { counts: Array(17).fill(`${traced}:taken`) };
  assertThrows(() => argdist(many), ExitError, "There are 17 probes, more than 16");
  for (
    const [args, message] of [
      [[], /name what to count: -C SPEC, or -H SPEC for a histogram/],
      [["-C", `${traced}:taken`, `${traced}:taken arg1`], /each has its own -C or -H/],
      [["--linear", "5,1,1", "-H", `${TAKEN} number`], /has no ranges/],
      [["--linear", "0,100000,1", "-H", `${TAKEN} number`], /has 100000 ranges, more than 1000/],
      [["--linear", "1", "-H", `${TAKEN} number`], /is not MIN,MAX,STEP/],
    ] as const
  ) {
    const { code, stderr } = await runTool("argdist", [...args]);
    assertEquals(code, 64);
    assertMatch(stderr, message);
  }
});
