import { assertEquals } from "@std/assert";
import { column } from "#lib/tool/members/member.ts";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { csvLines } from "#lib/tool/output/csv.ts";
import { tableLines } from "#lib/tool/output/table.ts";
import { timeFormat } from "#lib/tool/text/time_format.ts";
import type { Structure } from "#lib/tool/text/json_text.ts";
import { displayWidth } from "#lib/tool/text/width.ts";
import { headerOf, rowsOf } from "./written.ts";

interface Exec {
  readonly comm: string;
  readonly pid: number;
  readonly ret?: number;
  readonly args: readonly string[];
}

const brief = "A field";
const exec = membersOf<Exec>();
const fields = {
  time: exec.time({ brief, width: -9 }, () => 0n),
  comm: exec.text({ brief, header: "PCOMM", width: -16 }, (e) => e.comm),
  pid: exec.integer({ brief, width: -6 }, (e) => e.pid),
  ret: exec.integer({ brief, width: 3 }, (e) => e.ret),
  share: exec.decimal({ brief, decimals: 3, header: "SHARE(%)", width: 12 }, (e) => e.pid / 7),
  big: exec.integer({ brief, width: -1 }, () => 2n ** 64n - 1n),
  ok: exec.boolean({ brief }, (e) => e.ret === 0),
  args: exec.words({ brief }, (e) => e.args),
  quoted: exec.words({ brief, as: "shell", header: "ARGS" }, (e) => e.args),
  lines: exec.words({ brief, as: "lines" }, (e) => e.args),
  nothing: exec.text({ brief, none: "n/a", width: 6 }, () => undefined),
};

const PLAIN = { colour: false, time: timeFormat("time"), width: () => 0 };
const ls: Exec = { comm: "ls", pid: 42, ret: 0, args: ["/bin/ls", "-l", "a b"] };
const failed: Exec = { comm: "sh", pid: 1234567, ret: -2, args: ["nope"] };

function print(names: string[], events: Exec[], style = PLAIN): string {
  const columns = names.map((name) => column(fields, name));
  const lines = tableLines<Exec>(columns, style, (e) => e.ret !== 0);
  return headerOf(lines) + rowsOf(lines, events);
}

Deno.test("tableLines() has the shape of the C tools' printf formats", () => {
  assertEquals(
    print(["comm", "pid", "ret", "args"], [ls, failed]),
    "PCOMM            PID    RET ARGS\n" +
      "ls               42       0 /bin/ls -l a b\n" +
      "sh               1234567  -2 nope\n",
  );
});

Deno.test("tableLines() aligns to the right, and as wide as the header where no width is declared", () => {
  assertEquals(
    print(["share", "ok", "big", "pid"], [ls]),
    "    SHARE(%) OK BIG PID\n" +
      "       6.000 true 18446744073709551615 42\n",
  );
});

Deno.test("tableLines() widens a column of times to what their format takes", () => {
  const style = { ...PLAIN, time: timeFormat("unix") };
  assertEquals(
    print(["time", "pid"], [ls], style),
    `TIME${" ".repeat(16)} PID\n0.000000000${" ".repeat(9)} 42\n`,
  );
});

Deno.test("tableLines() shows - where an event has no value", () => {
  assertEquals(print(["ret", "pid"], [{ ...ls, ret: undefined }]), "RET PID\n  - 42\n");
});

Deno.test("tableLines() pads by columns of the terminal, and escapes what came from outside", () => {
  const names = ["comm", "args"];
  const spaces = (count: number) => " ".repeat(count);
  assertEquals(
    print(names, [{ ...ls, comm: "日本", args: ["a\nb", "\x1b[2J"] }]),
    `PCOMM${spaces(12)}ARGS\n日本${spaces(13)}a\\nb \\x1b[2J\n`,
  );
});

Deno.test("tableLines() quotes words for a shell on request", () => {
  assertEquals(print(["quoted"], [ls]), "ARGS\n/bin/ls -l 'a b'\n");
});

Deno.test("tableLines() cuts the last column to the terminal's width, and nothing else", () => {
  const narrow = { ...PLAIN, width: () => 30 };
  const names = ["comm", "args"];
  const long = { ...ls, args: ["x".repeat(100)] };
  assertEquals(
    print(names, [long], narrow).split("\n")[1],
    "ls               " + "x".repeat(12) + "…",
  );
  assertEquals(print(["args", "pid"], [long], narrow).split("\n")[1], "x".repeat(100) + " 42");
  const tiny = { ...PLAIN, width: () => 5 };
  assertEquals(
    print(names, [long], tiny).split("\n")[1],
    "ls               " + "x".repeat(7) + "…",
  );
});

Deno.test("tableLines() asks for the terminal's width again for every batch", () => {
  let width = 40;
  const lines = tableLines<Exec>([column(fields, "args")], { ...PLAIN, width: () => width });
  const long = { ...ls, args: ["x".repeat(100)] };
  assertEquals(rowsOf(lines, [long]).length, 41);
  width = 20;
  assertEquals(rowsOf(lines, [long]).length, 21);
});

Deno.test("tableLines() dims the header and reddens failures where there is colour", () => {
  assertEquals(
    print(["ret", "pid"], [ls, failed], { ...PLAIN, colour: true }),
    "\x1b[2mRET PID\x1b[0m\n  0 42\n\x1b[31m -2 1234567\x1b[0m\n",
  );
});

Deno.test("tableLines() shows what a column declares where an event has no value", () => {
  assertEquals(print(["nothing", "pid"], [ls]), "NOTHING PID\n   n/a 42\n");
  const style = { ...PLAIN, colour: true, width: () => 80 };
  assertEquals(print(["nothing"], [failed], style).split("\n")[1], "\x1b[31m   n/a\x1b[0m");
});

Deno.test("tableLines() of no columns writes nothing, not even empty lines", () => {
  for (const colour of [false, true]) {
    assertEquals(print([], [ls, failed], { ...PLAIN, colour, width: () => 40 }), "");
  }
});

Deno.test("tableLines() writes words as lines where that is asked for, and cuts each by itself", () => {
  const stack = { ...ls, args: ["do_exit+0x1", "y".repeat(60), "a\nb"] };
  assertEquals(
    print(["pid", "lines"], [stack]),
    `PID    LINES\n42     do_exit+0x1\n${"y".repeat(60)}\na\\nb\n`,
  );
  assertEquals(
    print(["pid", "lines"], [stack], { ...PLAIN, width: () => 27 }),
    `PID    LINES\n42     do_exit+0x1\n${"y".repeat(19)}…\na\\nb\n`,
  );
});

Deno.test("tableLines() cuts wide characters by the columns that they take", () => {
  const wide = { ...ls, comm: "日本", args: ["日".repeat(40)] };
  const lines = print(["comm", "args"], [wide], { ...PLAIN, width: () => 30 }).split("\n");
  assertEquals(lines[1], `日本${" ".repeat(13)}${"日".repeat(6)}…`);
  assertEquals(displayWidth(lines[1]), 30);
});

Deno.test("a structure is JSON that nothing in it breaks, and a text alone is escaped", () => {
  const fields = { value: membersOf<Structure>().structure({ brief }, (value) => value) };
  const columns = [column(fields, "value")];
  const longtext = "line\n\udcff\x1b\u202e\\";
  const lines = tableLines<Structure>(columns, PLAIN);
  const row = rowsOf(lines, [{ longtext }]);
  assertEquals(JSON.parse(row), { longtext });
  assertEquals(row.slice(0, -1).search(/[^ -~]/), -1);
  const cell = `"${row.slice(0, -1).replaceAll('"', '""')}"\n`;
  assertEquals(rowsOf(csvLines(columns), [{ longtext }]), cell);
  assertEquals(rowsOf(lines, [longtext]), "line\\n\\xff\\x1b\\u{202e}\\\\\n");
});
