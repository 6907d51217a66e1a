import { assertEquals } from "@std/assert";
import { column, type Fields } from "#lib/tool/field.ts";
import { table } from "#lib/tool/table.ts";
import { timeFormat } from "#lib/tool/time.ts";

interface Exec {
  readonly comm: string;
  readonly pid: number;
  readonly ret?: number;
  readonly args: readonly string[];
}

const brief = "A field";
const fields: Fields<Exec> = {
  time: { type: "time", brief, width: -9, value: () => 0n },
  comm: { type: "text", brief, header: "PCOMM", width: -16, value: (e) => e.comm },
  pid: { type: "integer", brief, width: -6, value: (e) => e.pid },
  ret: { type: "integer", brief, width: 3, value: (e) => e.ret },
  share: {
    type: "decimal",
    brief,
    decimals: 3,
    header: "SHARE(%)",
    width: 12,
    value: (e) => e.pid / 7,
  },
  big: { type: "integer", brief, width: -1, value: () => 2n ** 64n - 1n },
  ok: { type: "boolean", brief, value: (e) => e.ret === 0 },
  args: { type: "words", brief, value: (e) => e.args },
  quoted: { type: "words", brief, quote: true, header: "ARGS", value: (e) => e.args },
};

const PLAIN = { colour: false, time: timeFormat("time"), width: () => 0 };
const ls: Exec = { comm: "ls", pid: 42, ret: 0, args: ["/bin/ls", "-l", "a b"] };
const failed: Exec = { comm: "sh", pid: 1234567, ret: -2, args: ["nope"] };

function print(names: string[], events: Exec[], style = PLAIN): string {
  const columns = names.map((name) => column(fields, name));
  const { header, rows } = table(columns, style, (e) => e.ret !== 0);
  return header + rows(events);
}

Deno.test("table() has the shape of the C tools' printf formats", () => {
  assertEquals(
    print(["comm", "pid", "ret", "args"], [ls, failed]),
    "PCOMM            PID    RET ARGS\n" +
      "ls               42       0 /bin/ls -l a b\n" +
      "sh               1234567  -2 nope\n",
  );
});

Deno.test("table() aligns to the right, and as wide as the header where no width is declared", () => {
  assertEquals(
    print(["share", "ok", "big", "pid"], [ls]),
    "    SHARE(%) OK BIG PID\n" +
      "       6.000 true 18446744073709551615 42\n",
  );
});

Deno.test("table() widens a column of times to what their format takes", () => {
  const style = { ...PLAIN, time: timeFormat("unix") };
  assertEquals(
    print(["time", "pid"], [ls], style),
    `TIME${" ".repeat(16)} PID\n0.000000000${" ".repeat(9)} 42\n`,
  );
});

Deno.test("table() shows - where an event has no value", () => {
  assertEquals(print(["ret", "pid"], [{ ...ls, ret: undefined }]), "RET PID\n  - 42\n");
});

Deno.test("table() pads by columns of the terminal, and escapes what came from outside", () => {
  const names = ["comm", "args"];
  const spaces = (count: number) => " ".repeat(count);
  assertEquals(
    print(names, [{ ...ls, comm: "日本", args: ["a\nb", "\x1b[2J"] }]),
    `PCOMM${spaces(12)}ARGS\n日本${spaces(13)}a\\nb \\x1b[2J\n`,
  );
});

Deno.test("table() quotes words for a shell on request", () => {
  assertEquals(print(["quoted"], [ls]), "ARGS\n/bin/ls -l 'a b'\n");
});

Deno.test("table() cuts the last column to the terminal's width, and nothing else", () => {
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

Deno.test("table() asks for the terminal's width again for every batch", () => {
  let width = 40;
  const { rows } = table([column(fields, "args")], { ...PLAIN, width: () => width });
  const long = { ...ls, args: ["x".repeat(100)] };
  assertEquals(rows([long]).length, 41);
  width = 20;
  assertEquals(rows([long]).length, 21);
});

Deno.test("table() dims the header and reddens failures where there is colour", () => {
  assertEquals(
    print(["ret", "pid"], [ls, failed], { ...PLAIN, colour: true }),
    "\x1b[2mRET PID\x1b[0m\n  0 42\n\x1b[31m -2 1234567\x1b[0m\n",
  );
});
