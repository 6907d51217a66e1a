/** What the compiler accepts of a tool's declaration, and what it refuses: `deno check` reads this file. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  CounterSets,
  countTool,
  type EventOf,
  flag,
  type Histogram,
  integer,
  type LazyOf,
  listTool,
  membersOf,
  option,
  type RawText,
  ringTool,
} from "#lib/tool/mod.ts";
import { column } from "#lib/tool/members/member.ts";
import { Bootstrap, event } from "#skel/bootstrap.ts";

/** Whether two types are the same one. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles for `true` alone. */
function same<_ extends true>(): void {}

const member = membersOf(event);

const members = {
  time: member.c.time,
  pid: member.c.pid,
  comm: member.c.comm,
  status: member.integer({ brief: "Status" }, (r) => r.exit_event ? r.status : undefined),
  args: member.words({ brief: "Words" }, (r) => [r.$comm, r.$filename]),
};

type Event = EventOf<typeof members>;
type Lazy = LazyOf<typeof members>;

const table = membersOf<Lazy>();

const options = {
  fails: flag("x", "Only failures"),
  rows: option("", "N", "This many", integer(1, 9)),
};

const declared = {
  name: "some",
  brief: "Show some",
  examples: [["some", "all of them"]],
  options,
  members,
  derived: { line: table.text({ brief: "A line" }, (e) => `${e.pid} ${e.comm}`) },
  open: () => Bootstrap.open(),
} as const;

Deno.test("an event has the types of its members, as kept and as it lies", () => {
  same<Same<Event["time"], bigint>>();
  same<Same<Event["pid"], number>>();
  same<Same<Event["comm"], string>>();
  same<Same<Event["status"], number | undefined>>();
  same<Same<Event["args"], readonly string[]>>();
  same<Same<keyof Event, "time" | "pid" | "comm" | "status" | "args">>();
  same<Same<Lazy["comm"], RawText | string>>();
  same<Same<Lazy["pid"], number>>();
  // @ts-expect-error: a trace gives events with these members and no others
  type _Wrong = Event["filename"];
  assertEquals(Object.keys(members), ["time", "pid", "comm", "status", "args"]);
});

Deno.test("a tool's columns are members that exist", () => {
  const { tool } = ringTool({ ...declared, columns: () => ["time", "pid", "line", false] });
  // @ts-expect-error: there is no member of this name
  ringTool({ ...declared, columns: () => ["time", "pdi"] });
  // @ts-expect-error: a member of the record is not one of the event
  ringTool({ ...declared, columns: () => ["filename"] });
  assertEquals(tool.columns({ fails: false, rows: 1 }), ["time", "pid", "line", false]);
  assertThrows(() => column(tool.fields, "pdi"), TypeError, 'no field "pdi"');
});

Deno.test("a tool reads the options that it declares, by their types", () => {
  const { start, tool } = ringTool({
    ...declared,
    columns(options) {
      same<Same<typeof options.fails, boolean>>();
      same<Same<typeof options.rows, number | undefined>>();
      // @ts-expect-error: there is no option of this name
      return [options.failed ? "pid" : "time"];
    },
    prepare({ rodata }, { fails }) {
      rodata.min_duration_ns = fails ? 1n : 0n;
      // @ts-expect-error: the variable is a u64
      rodata.min_duration_ns = 1;
      // @ts-expect-error: there is no variable of this name
      rodata.duration = 1n;
    },
  });
  // The calls are compiled and never made: they would load the tool.
  const calls = [
    () => start({ fails: true, rows: 3, signal: AbortSignal.abort() }),
    // @ts-expect-error: there is no option of this name
    () => start({ failed: true }),
    // @ts-expect-error: this option is a number
    () => start({ rows: "3" }),
    async () => {
      for await (const { pid } of start()) same<Same<typeof pid, number>>();
      // @ts-expect-error: an event has no such member
      for await (const { ppid } of start()) void ppid;
    },
  ];
  assertEquals([calls.length, tool.columns({ fails: true, rows: 3 })], [4, ["time"]]);
});

Deno.test("a member is of a kind that its values have", () => {
  const brief = "A value";
  const right = [
    member.text({ brief }, (r) => r.$comm),
    member.integer({ brief, base: "hex" }, (r) => r.duration_ns),
    member.errno({ brief }, (r) => r.status),
  ];
  const wrong = [
    // @ts-expect-error: text is no number
    member.text({ brief }, (r) => r.pid),
    // @ts-expect-error: a number is no text
    member.integer({ brief }, (r) => r.comm),
    // @ts-expect-error: a decimal is a number
    member.decimal({ brief, decimals: 1 }, (r) => r.duration_ns),
    // @ts-expect-error: a decimal says how many digits it has
    member.decimal({ brief }, (r) => r.pid),
    // @ts-expect-error: a boolean is no number
    member.boolean({ brief }, (r) => r.pid),
    // @ts-expect-error: a time is nanoseconds as a bigint
    member.time({ brief }, (r) => r.pid),
    // @ts-expect-error: words are several
    member.words({ brief }, (r) => r.comm),
    // @ts-expect-error: an errno is a number
    member.errno({ brief }, (r) => r.duration_ns),
    // @ts-expect-error: a signal is shown by its name
    member.signal({ brief }, (r) => r.status),
    // @ts-expect-error: text has no base
    member.text({ brief, base: "hex" }, (r) => r.$comm),
    // @ts-expect-error: there is no such base
    member.integer({ brief, base: "bin" }, (r) => r.pid),
    // @ts-expect-error: a member has a brief
    member.integer({ width: 7 }, (r) => r.pid),
    // @ts-expect-error: the record has no such member
    member.integer({ brief }, (r) => r.pdi),
  ];
  assertEquals([right.length, wrong.length], [3, 13]);
  // @ts-expect-error: C does not say what kind this member is of
  assertEquals(member.c.filename, undefined);
});

Deno.test("what tables alone show is made of the event, and not of its record", () => {
  const derived = {
    // @ts-expect-error: the event has no such member, though the record has
    line: table.text({ brief: "A line" }, (e) => e.filename),
  };
  // @ts-expect-error: the event has no such member
  const failed = ringTool({ ...declared, columns: () => ["pid"], failed: (e) => e.exit_code > 0 });
  ringTool({ ...declared, columns: () => ["pid"], failed: (e) => (e.status ?? 0) > 0 });
  const other = membersOf<{ readonly other: string }>();
  const foreign = { line: other.text({ brief: "A line" }, (e) => e.other) };
  // @ts-expect-error: it is made of something else
  ringTool({ ...declared, columns: () => ["pid"], derived: foreign });
  assertEquals([Object.keys(derived), Object.keys(failed)], [["line"], ["start", "tool"]]);
});

interface Row {
  readonly set: number;
  readonly pid: number;
  readonly count: number;
  readonly slots: Histogram;
}

const row = membersOf<Row>();

const counted = {
  ...declared,
  title: () => "Counting... Hit Ctrl-C to end.",
  members: {
    pid: row.integer({ brief: "Process" }, (r) => r.pid),
    count: row.integer({ brief: "How many" }, (r) => r.count),
    slots: row.integers({ brief: "How long" }, (r) => r.slots),
  },
  derived: {},
  counter: () =>
    new CounterSets<Row, Row>({ bss: { set: 0 } }, Object.assign([], { deleteBatch: () => 0 })),
};

Deno.test("tables are ordered by members that exist, upwards or downwards", () => {
  const { tool } = countTool({
    ...counted,
    columns: () => ["pid", "count"],
    order: () => "-count",
  });
  countTool({ ...counted, columns: () => ["pid"], order: () => "pid" });
  // @ts-expect-error: there is no member of this name
  countTool({ ...counted, columns: () => ["pid"], order: () => "-cuont" });
  // @ts-expect-error: there is no member of this name
  countTool({ ...counted, columns: () => ["ppid"], order: () => "pid" });
  const look = { unit: "nsecs" };
  const bare = { ...counted, columns: () => [], order: () => "pid" as const };
  countTool({ ...bare, histogram: () => ({ of: "slots", ...look }) });
  // @ts-expect-error: there is no member of this name
  countTool({ ...bare, histogram: () => ({ of: "slot", ...look }) });
  const { text } = membersOf<{ readonly other: string }>();
  const foreign = { line: text({ brief: "A line" }, (e) => e.other) };
  // @ts-expect-error: what tables alone show is made of something else
  countTool({ ...bare, derived: foreign });
  // @ts-expect-error: a histogram has a unit
  countTool({ ...bare, histogram: () => ({ of: "slots" }) });
  assertEquals(tool.tables?.order({ fails: false, rows: 1 }), "-count");
});

Deno.test("a list has rows of the type that its members read", () => {
  const { name, brief, examples } = declared;
  const list = { name, brief, examples, options, members: counted.members };
  const rows: Row[] = [{ set: 0, pid: 1, count: 2, slots: [] }];
  const { tool } = listTool({ ...list, columns: () => ["pid"], rows: () => rows });
  // @ts-expect-error: there is no member of this name
  listTool({ ...list, columns: () => ["set"], rows: () => rows });
  // @ts-expect-error: these rows have none of what the members read
  listTool({ ...list, columns: () => ["pid"], rows: () => [{ name: "a" }] });
  assertEquals(tool.columns({ fails: false, rows: 1 }), ["pid"]);
});
