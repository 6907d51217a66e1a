/** Each kind of members: what tables, JSON, CSV, schema, filters and orders make of its values. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { decodeText } from "#lib/sys/text.ts";
import { RawText } from "#lib/sys/raw_text.ts";
import type { Look } from "#lib/tool/members/kinds/kind.ts";
import type { Column, Member } from "#lib/tool/members/member.ts";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { ValueError } from "#lib/tool/options/usage_errors.ts";
import { csvLines } from "#lib/tool/output/csv.ts";
import { parseFilter } from "#lib/tool/output/filter.ts";
import { jsonLines } from "#lib/tool/output/json.ts";
import { jsonSchema } from "#lib/tool/output/schema.ts";
import { parseOrder } from "#lib/tool/output/sort.ts";
import { tableLines } from "#lib/tool/output/table.ts";
import type { Structure } from "#lib/tool/text/json_text.ts";
import { timeFormat } from "#lib/tool/text/time_format.ts";
import { RawWords, type Text } from "#lib/tool/text/words.ts";
import { faults } from "./json_schema.ts";
import { unescapeText } from "./unescape.ts";
import { rowsOf } from "./written.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** The first use of libc opens it, for the rest of the process. */
const opensLibc = { sanitizeResources: false };

const brief = "A value";
const { text, integer, decimal, boolean, time, words, integers, structure, errno, signal } =
  membersOf<Any>();
const itself = (value: Any) => value;

const PLAIN = { colour: false, time: timeFormat("iso"), width: () => 0 };

const named = (member: Member<Any>): Column<Any> => ({ name: "value", ...member });

/** A value as the three outputs show it. */
function shown(member: Member<Any>, value: unknown): [table: string, json: string, csv: string] {
  const columns = [named(member)];
  const json = rowsOf(jsonLines(columns), [value]);
  const schema = JSON.parse(jsonSchema({ name: "some", brief }, columns));
  assertEquals(faults(schema, JSON.parse(json)), [], json);
  return [
    rowsOf(tableLines(columns, PLAIN), [value]).slice(0, -1),
    json.slice('{"value":'.length, -"}\n".length),
    rowsOf(csvLines(columns), [value]).slice(0, -1),
  ];
}

function passes(member: Member<Any>, filter: string, value: unknown): boolean {
  return parseFilter({ value: member }, [filter]).passes(value);
}

function sorted<T>(member: Member<Any>, values: readonly T[], order = "value"): T[] {
  return parseOrder<Any>({ value: member }, order).sort(values);
}

function raw<T extends RawText>(text: T, content: string): T {
  const bytes = new TextEncoder().encode(`!!${content}!!`);
  return text.place(bytes, 2, bytes.length - 2);
}

Deno.test(
  "every kind has no value as -, null and an empty cell, and its schema allows that",
  opensLibc,
  () => {
    const all = membersOf<Any>();
    for (const declare of Object.values(all)) {
      const member = (declare as (look: Look, value: () => undefined) => Member<Any>)(
        { brief, decimals: 1 } as Look,
        () => undefined,
      );
      assertEquals(shown(member, {}), ["-", "null", ""], member.kind.name);
      assertEquals(passes(member, "value~'.*'", {}), false);
      assertEquals(sorted(member, [1, 2, 3], "-value"), [1, 2, 3]);
    }
  },
);

Deno.test("text is made safe by each output in its own way, and kept as a string", () => {
  const member = text({ brief }, itself as (value: Any) => Text);
  assertEquals(shown(member, "a b"), ["a b", '"a b"', "a b"]);
  assertEquals(shown(member, ""), ["", '""', ""]);
  assertEquals(shown(member, 'é,"\x1b\n'), ['é,"\\x1b\\n', '"é,\\"\\u001b\\n"', '"é,""\\x1b\\n"']);
  assertEquals(shown(member, "=1"), ["=1", '"=1"', "\\x3d1"]);
  const lying = raw(new RawText(), "in place");
  assertEquals(shown(member, lying), ["in place", '"in place"', "in place"]);
  assertEquals(member.kind.keep?.(lying), "in place");
  assertEquals(passes(member, "value=='in place'", lying), true);
  assertEquals(sorted(member, ["b", lying, "B"]), ["B", "b", lying]);
});

Deno.test("an integer is shown exactly, and beyond 2^53 JSON has a string", () => {
  const member = integer({ brief }, itself);
  assertEquals(shown(member, 0), ["0", "0", "0"]);
  assertEquals(shown(member, -5), ["-5", "-5", "-5"]);
  assertEquals(shown(member, 2 ** 31), ["2147483648", "2147483648", "2147483648"]);
  const most = "18446744073709551615";
  assertEquals(shown(member, 2n ** 64n - 1n), [most, `"${most}"`, most]);
  assertEquals(member.kind.keep, undefined);
  assertEquals(sorted(member, [10, 9n, 2n ** 64n, -1]), [-1, 9n, 10, 2n ** 64n]);
});

Deno.test("an integer's look is for tables alone: base, digits, unit, decimals", () => {
  const looks: [Parameters<typeof integer>[0], number | bigint, string][] = [
    [{ brief, base: "oct" }, 0o100644, "100644"],
    [{ brief, base: "oct", digits: 4 }, 0o22, "0022"],
    [{ brief, base: "oct", digits: 8 }, 0o2000000n, "02000000"],
    [{ brief, base: "hex" }, 255, "0xff"],
    [{ brief, base: "hex", digits: 8 }, 0xabc, "0x00000abc"],
    [{ brief, base: "hex", digits: 16 }, 2n ** 64n - 1n, "0xffffffffffffffff"],
    [{ brief, base: "hex", digits: 2 }, 0, "0x00"],
    [{ brief, unit: 1e6 }, 1_500_000n, "2"],
    [{ brief, unit: 1e6, decimals: 3 }, 1_234_567n, "1.235"],
    [{ brief, unit: 1024, decimals: 1 }, 512, "0.5"],
    [{ brief, unit: 1e9, decimals: 2 }, 0, "0.00"],
  ];
  for (const [look, value, cell] of looks) {
    assertEquals(
      shown(integer(look, itself), value),
      [cell, String(value).padStart(1), `${value}`]
        .map((text, at) => at === 1 && value > Number.MAX_SAFE_INTEGER ? `"${text}"` : text),
    );
  }
  const none = integer({ brief, base: "hex", none: "none" }, () => undefined);
  assertEquals(shown(none, {}), ["none", "null", ""]);
  assertEquals(passes(integer({ brief, unit: 1e6 }, itself), "value>=1500000", 1_500_000n), true);
});

Deno.test("an integer in octal, hexadecimal or a unit is the number that it was", () => {
  const [oct, hex] = (["oct", "hex"] as const).map((base) => integer({ brief, base }, itself));
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
    assertEquals(BigInt(`0o${shown(oct, value)[0]}`), value);
    assertEquals(BigInt(shown(hex, value)[0]), value);
  }));
});

Deno.test("a decimal has its digits in tables, and all of them in JSON and CSV", () => {
  const member = decimal({ brief, decimals: 2 }, itself);
  assertEquals(shown(member, 2 / 3), ["0.67", "0.6666666666666666", "0.6666666666666666"]);
  assertEquals(shown(member, -1), ["-1.00", "-1", "-1"]);
  assertEquals(passes(member, "value>.66", 2 / 3), true);
  assertEquals(sorted(member, [0.5, -1, 0.25]), [-1, 0.25, 0.5]);
});

Deno.test("a boolean is true or false everywhere, false first", () => {
  const member = boolean({ brief }, itself);
  assertEquals(shown(member, true), ["true", "true", "true"]);
  assertEquals(shown(member, false), ["false", "false", "false"]);
  assertEquals(sorted(member, [true, false]), [false, true]);
  assertThrows(() => passes(member, "value==1", true), ValueError, '"1" is neither true nor false');
});

Deno.test("a time is of the chosen format in tables, and RFC 3339 in JSON and CSV", () => {
  const member = time({ brief }, itself);
  const at = 1_785_145_267_000_000_009n;
  const text = "2026-07-27T09:41:07.000000009Z";
  assertEquals(shown(member, at), [text, `"${text}"`, text]);
  assertEquals(shown(member, 0n)[2], "1970-01-01T00:00:00.000000000Z");
  const unix = { ...PLAIN, time: timeFormat("unix") };
  assertEquals(rowsOf(tableLines([named(member)], unix), [at]), "1785145267.000000009\n");
  assertEquals(sorted(member, [at, 1n, at - 1n]), [1n, at - 1n, at]);
});

Deno.test("JSON and CSV keep the text of a second no longer than that", () => {
  const member = named(time({ brief }, itself));
  const times = fc.array(
    fc.tuple(fc.constantFrom(0n, 999_999_999n, 1_000_000_000n, 86_399_999_999_999n), fc.nat(3))
      .map(([time, more]) => time + BigInt(more)),
  );
  fc.assert(fc.property(times, (times) => {
    const expected = times.map((time) => {
      const second = new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19);
      return `${second}.${String(time % 1_000_000_000n).padStart(9, "0")}Z`;
    });
    assertEquals(rowsOf(csvLines([member]), times), expected.map((line) => line + "\n").join(""));
    const json = expected.map((line) => `{"value":"${line}"}\n`).join("");
    assertEquals(rowsOf(jsonLines([member]), times), json);
  }));
});

Deno.test("words have spaces between them, are quoted in CSV, and are kept as strings", () => {
  const member = words({ brief }, itself);
  const list = ["sh", "-c", 'a "b"', "é\n"];
  assertEquals(shown(member, list), [
    'sh -c a "b" é\\n',
    '["sh","-c","a \\"b\\"","é\\n"]',
    `"sh -c 'a ""b""' $'é\\n'"`,
  ]);
  assertEquals(shown(member, []), ["", "[]", ""]);
  assertEquals(shown(member, ["", ""]), [" ", '["",""]', "'' ''"]);
  const lying = Object.assign(raw(new RawWords(), "ls\0-l\0/\0"), { most: 2, more: "..." });
  assertEquals(shown(member, [lying]), ["ls -l ...", '["ls","-l","..."]', "ls -l ..."]);
  assertEquals(member.kind.keep?.([lying, "x"]), ["ls", "-l", "...", "x"]);
  assertEquals(passes(member, "value==...", [lying]), true);
  assertEquals(sorted(member, [["b"], ["a", "z"], ["a"]]), [["a"], ["a", "z"], ["b"]]);
});

/** Any bytes, as they come from the kernel. */
const anyText = fc.uint8Array({ min: 1, maxLength: 24 })
  .map((bytes) => decodeText(bytes, 0, bytes.length));

Deno.test("words as lines are a line each: a newline in a word forges none", () => {
  const member = words({ brief, as: "lines" }, itself);
  assertEquals(shown(member, ["main+0x1", "a\nb"])[0], "main+0x1\na\\nb");
  fc.assert(fc.property(fc.array(anyText, { minLength: 1 }), (list) => {
    const lines = shown(member, list)[0].split("\n");
    assertEquals(lines.map(unescapeText), list);
    assert(lines.every((line) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(line)));
  }));
});

Deno.test("words as a shell takes them are one line, whatever they hold", () => {
  const member = words({ brief, as: "shell" }, itself);
  assertEquals(shown(member, ["a b", "it's", "x\n"])[0], "'a b' 'it'\\''s' $'x\\n'");
  fc.assert(fc.property(fc.array(anyText), (list) => {
    assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(shown(member, list)[0]));
  }));
});

Deno.test("whole numbers are a list of JSON, and stand with spaces elsewhere", () => {
  const member = integers({ brief }, itself);
  assertEquals(shown(member, [0, 1, 40]), ["0 1 40", "[0,1,40]", "0 1 40"]);
  assertEquals(shown(member, []), ["", "[]", ""]);
  assertEquals(passes(member, "value~'^0 1 '", [0, 1, 40]), true);
});

Deno.test("a structure is itself in JSON, and the text of that elsewhere", () => {
  const member = structure({ brief }, itself as (value: Any) => Structure);
  const value = { name: "a\x1b", list: [1, 2n ** 60n, null], ok: true };
  const json = '{"name":"a\\u001b","list":[1,"1152921504606846976",null],"ok":true}';
  assertEquals(shown(member, value), [json, json, `"${json.replaceAll('"', '""')}"`]);
  assertEquals(shown(member, "=x"), ["=x", '"=x"', "\\x3dx"]);
  assertEquals(shown(member, 7n), ["7", "7", "7"]);
  assertEquals(shown(member, null), ["null", "null", "null"]);
});

Deno.test("a structure of any shape comes back from JSON, and from a table's cell", () => {
  const member = structure({ brief }, itself as (value: Any) => Structure);
  const scalar = fc.oneof(fc.boolean(), fc.maxSafeInteger(), anyText, fc.constant(null));
  const shape = fc.object({ values: [scalar], key: fc.string({ maxLength: 4 }), maxDepth: 2 });
  fc.assert(fc.property(shape, (value) => {
    const [table, json] = shown(member, value);
    assertEquals(JSON.parse(json), value);
    assertEquals(JSON.parse(table), value);
  }));
});

Deno.test("a result is a name in tables where it is an errno, and a number elsewhere", () => {
  const member = errno({ brief }, itself);
  assertEquals(shown(member, 0), ["0", "0", "0"]);
  assertEquals(shown(member, 17), ["17", "17", "17"]);
  assertEquals(shown(member, -2), ["ENOENT", "-2", "-2"]);
  assertEquals(shown(member, -512), ["ERESTARTSYS", "-512", "-512"]);
  assertEquals(shown(member, -9999), ["errno 9999", "-9999", "-9999"]);
  assertEquals(sorted(member, [3, -2, 0, -13]), [-13, -2, 0, 3]);
});

Deno.test("a signal is shown by its name", () => {
  const member = signal({ brief }, itself as (value: Any) => Text);
  assertEquals(shown(member, "SIGKILL"), ["SIGKILL", '"SIGKILL"', "SIGKILL"]);
  for (const filter of ["value==SIGKILL", "value==kill", "value==9"]) {
    assertEquals([passes(member, filter, "SIGKILL"), passes(member, filter, "SIGINT")], [
      true,
      false,
    ]);
  }
});
