/**
 * What the outputs write, byte by byte, against what a reader makes of it: JSON.parse(), a reader of CSV, and
 * cells as pad() and escapeText() define them.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { RawText } from "#lib/sys/raw_text.ts";
import { type Column, column } from "#lib/tool/members/member.ts";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { csvLines } from "#lib/tool/output/csv.ts";
import { jsonLines } from "#lib/tool/output/json.ts";
import { tableLines } from "#lib/tool/output/table.ts";
import { ByteOutput } from "#lib/tool/text/bytes.ts";
import { escapeText } from "#lib/tool/text/escape.ts";
import { shellQuote } from "#lib/tool/text/quote.ts";
import { timeFormat } from "#lib/tool/text/time_format.ts";
import { pad } from "#lib/tool/text/width.ts";
import { RawWords, type Text, type Words } from "#lib/tool/text/words.ts";
import { unescapeText } from "./unescape.ts";
import { headerOf, rowsOf } from "./written.ts";

interface Event {
  readonly text?: Text;
  readonly integer?: number | bigint;
  readonly decimal?: number;
  readonly boolean?: boolean;
  readonly time?: bigint;
  readonly words?: Words;
  readonly integers?: readonly number[];
}

const brief = "x";
const event = membersOf<Event>();
const fields = {
  left: event.text({ brief, width: -6 }, (e) => e.text),
  right: event.text({ brief, width: 6 }, (e) => e.text),
  integer: event.integer({ brief, width: 5 }, (e) => e.integer),
  wide: event.integer({ brief, width: -5 }, (e) => e.integer),
  decimal: event.decimal({ brief, decimals: 3 }, (e) => e.decimal),
  boolean: event.boolean({ brief }, (e) => e.boolean),
  time: event.time({ brief, width: -8 }, (e) => e.time),
  words: event.words({ brief, width: -12 }, (e) => e.words),
  quoted: event.words({ brief, as: "shell" }, (e) => e.words),
  integers: event.integers({ brief, header: "LIST OF THEM" }, (e) => e.integers),
  both: event.words({ brief }, (e) => [e.text ?? "", ...e.words ?? []]),
};
type Name = keyof typeof fields;
const names = Object.keys(fields) as Name[];
const columns: readonly Column<Event>[] = names.map((name) => column(fields, name));

/** Mostly plain, with a few bytes that are not: NUL, control characters, quotes, parts of UTF-8. */
const bytes = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xff }) },
  ),
  { maxLength: 40 },
).map((list) => Uint8Array.from(list));

/** A part of other memory, which is not to be read. */
function inside<T extends RawText>(text: T): (content: Uint8Array) => T {
  return (content) => {
    const memory = new Uint8Array(content.length + 8).fill(0x21);
    memory.set(content, 4);
    return text.place(memory, 4, 4 + content.length);
  };
}

const ascii = fc.string({ maxLength: 60 });
const string = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: "binary", maxLength: 8 }));
const text: fc.Arbitrary<Text> = fc.oneof(string, bytes.map((b) => inside(new RawText())(b)));
const most = fc.integer({ min: 1, max: 5 });
const words = fc.tuple(bytes, most, fc.constantFrom("", "..."))
  .map(([bytes, most, more]) => inside(Object.assign(new RawWords(), { most, more }))(bytes));
const word = fc.oneof(text, bytes.map((b) => inside(new RawWords())(b)), words);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const events: fc.Arbitrary<Event[]> = fc.array(
  fc.record({
    text: optional(text),
    integer: optional(fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.bigInt({ max: 1n << 64n }))),
    decimal: optional(fc.double({ noNaN: true, noDefaultInfinity: true })),
    boolean: optional(fc.boolean()),
    time: optional(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n })),
    words: optional(fc.array(word, { maxLength: 4 })),
    integers: optional(fc.array(fc.integer())),
  }),
);

const RUNS = { numRuns: 300 };

/** Strings of words, those in memory decoded one by one. */
function strings(words: Words | undefined): string[] {
  return (words ?? []).flatMap((word) => word instanceof RawWords ? word.strings() : String(word));
}

const nanoseconds = (time: bigint) => String(time % 1_000_000_000n).padStart(9, "0");

/** RFC 3339, by JavaScript's own dates. */
function isoTime(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n));
  return `${date.toISOString().slice(0, 19)}.${nanoseconds(time)}Z`;
}

/** A list of numbers or words as a table has it. */
const spaced = (list: readonly unknown[]) => list.join(" ");

/** What JSON.parse() is to return. */
function parsed(e: Event): Record<Name, unknown> {
  const text = e.text === undefined ? null : String(e.text);
  const integer = e.integer === undefined
    ? null
    : Number.isSafeInteger(Number(e.integer))
    ? Number(e.integer)
    : String(e.integer);
  const words = e.words === undefined ? null : strings(e.words);
  return {
    left: text,
    right: text,
    integer,
    wide: integer,
    decimal: e.decimal === undefined ? null : e.decimal + 0, // JSON has one zero
    boolean: e.boolean ?? null,
    time: e.time === undefined ? null : isoTime(e.time),
    words,
    quoted: words,
    integers: e.integers ?? null,
    both: [text ?? "", ...words ?? []],
  };
}

Deno.test("a line of JSON is what JSON.parse() takes for the event, and nothing a terminal obeys", () => {
  fc.assert(
    fc.property(events, (events) => {
      const lines = rowsOf(jsonLines(columns), events).split("\n");
      assertEquals(lines.pop(), "");
      assertEquals(lines.map((line) => JSON.parse(line)), events.map(parsed));
      for (const line of lines) {
        assertEquals(Object.keys(JSON.parse(line)), names);
        assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(line), line);
      }
    }),
    RUNS,
  );
});

/** The cells of a line of CSV, after RFC 4180. */
function cellsOf(line: string): string[] {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (let end = ","; end === ",";) {
    const found = cell.exec(line);
    assert(found, `no cell at ${cell.lastIndex} of ${line}`);
    cells.push(found[1]?.replaceAll('""', '"') ?? found[2]);
    end = found[3];
  }
  assertEquals(cell.lastIndex || line.length, line.length);
  return cells;
}

/** Words as a shell takes them, made safe for spreadsheets. */
function shellCell(words: readonly string[]): string {
  const text = spaced(words.map(shellQuote));
  return /^[=+@-]/.test(text) ? `\\${text}` : text;
}

/** What the cells of an event are to be, texts unescaped. */
function expectedCells(e: Event): Record<Name, string> {
  const text = String(e.text ?? "");
  const integer = String(e.integer ?? "");
  const words = shellCell(strings(e.words));
  return {
    left: text,
    right: text,
    integer,
    wide: integer,
    decimal: String(e.decimal ?? ""),
    boolean: String(e.boolean ?? ""),
    time: e.time === undefined ? "" : isoTime(e.time),
    words,
    quoted: words,
    integers: spaced(e.integers ?? []),
    both: shellCell([text, ...strings(e.words)]),
  };
}

function checkCsv(events: readonly Event[]): void {
  const lines = rowsOf(csvLines(columns), events).split("\n");
  assertEquals(lines.pop(), "");
  assertEquals(lines.length, events.length);
  lines.forEach((line, at) => {
    const cells = cellsOf(line);
    for (const text of [cells[0], cells[1], cells.at(-1)!]) {
      assert(!/^[=+@-]|[\p{C}\p{Zl}\p{Zp}]/u.test(text), text);
    }
    const named = Object.fromEntries(names.map((name, i) => [name, cells[i]]));
    const read = { ...named, left: unescapeText(named.left), right: unescapeText(named.right) };
    assertEquals(read, expectedCells(events[at]));
  });
}

Deno.test("a line of CSV is what a reader of CSV takes for the event, and no cell is a formula", () => {
  checkCsv(
    ["=1+1", "+1", "-1", "@a", "a=1", "a,b", 'a"b', "", '"', ",", "\n"].map((text) => ({ text })),
  );
  fc.assert(fc.property(events, checkCsv), RUNS);
  assertEquals(headerOf(csvLines(columns)), `${names.join(",")}\n`);
});

/** What the cells of a table hold, without spaces around it. */
function shownCells(e: Event, time: (time: bigint) => string): Record<Name, string> {
  const text = e.text === undefined ? "-" : escapeText(String(e.text));
  const integer = String(e.integer ?? "-");
  const words = strings(e.words);
  return {
    left: text,
    right: text,
    integer,
    wide: integer,
    decimal: e.decimal?.toFixed(3) ?? "-",
    boolean: String(e.boolean ?? "-"),
    time: e.time === undefined ? "-" : time(e.time),
    words: e.words === undefined ? "-" : escapeText(spaced(words)),
    quoted: e.words === undefined ? "-" : spaced(words.map(shellQuote)),
    integers: e.integers === undefined ? "-" : spaced(e.integers),
    both: escapeText(spaced([String(e.text ?? ""), ...words])),
  };
}

/** Columns of each cell: what is declared, or else the header's; the last one needs none. */
const PLACES: Record<Name, number> = {
  left: -6,
  right: 6,
  integer: 5,
  wide: -5,
  decimal: -7,
  boolean: -7,
  time: -8,
  words: -12,
  quoted: -6,
  integers: -12,
  both: 0,
};

Deno.test("a line of a table has each cell as pad() and escapeText() define it", () => {
  for (const name of ["time", "date-ns", "iso"] as const) {
    const time = timeFormat(name);
    const places = { ...PLACES, time: -Math.max(8, time.width) };
    const inPlace = (text: string, place: number) =>
      pad(text, Math.abs(place), place > 0 ? "right" : "left");
    fc.assert(
      fc.property(events, (events) => {
        const lines = tableLines(columns, { colour: false, time, width: () => 0 });
        const expected = events.map((event) => {
          const cells = shownCells(event, time.text);
          return names.map((name) => inPlace(cells[name], places[name])).join(" ") + "\n";
        });
        const rows = rowsOf(lines, events);
        assertEquals(rows, expected.join(""));
        assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(rows.replaceAll("\n", "")), rows);
      }),
      RUNS,
    );
  }
});

Deno.test("output beyond what is collected at a time goes on in order", () => {
  const many = Array.from({ length: 20_011 }, (_, i) => ({ integer: i, text: "x".repeat(i % 97) }));
  const two = [column<Event>(fields, "integer"), column<Event>(fields, "left")];
  assertEquals(
    rowsOf(jsonLines(two), many),
    many.map(({ integer, text }) => `{"integer":${integer},"left":"${text}"}\n`).join(""),
  );
});

Deno.test("a line longer than the output's memory is written whole", () => {
  const event: Event = { text: inside(new RawText())(new Uint8Array(300_000).fill(0x61)) };
  const line = `{"left":"${"a".repeat(300_000)}"}\n`;
  assertEquals(rowsOf(jsonLines([column<Event>(fields, "left")]), [event, event]), line + line);
});

Deno.test("what a slow reader does not take waits, and comes in order", () => {
  fc.assert(fc.property(fc.array(fc.nat(40), { minLength: 1 }), fc.array(ascii), (rooms, texts) => {
    let read = "";
    let turn = 0;
    const out = new ByteOutput((bytes) => {
      const taken = Math.min(bytes.length, rooms[turn++ % rooms.length] + 1);
      read += new TextDecoder("latin1").decode(bytes.subarray(0, taken));
      return taken;
    });
    for (const text of texts) {
      out.string(text);
      out.endLine();
      out.flush();
    }
    while (!out.flush());
    assertEquals([read, out.length], [texts.map((text) => text + "\n").join(""), 0]);
  }));
});

Deno.test("a reader that takes nothing is not asked for each line", () => {
  const offers: number[] = [];
  const out = new ByteOutput((bytes) => {
    offers.push(bytes.length);
    return 0;
  });
  for (let i = 0; i < 10_007; i++) {
    out.string("x".repeat(31));
    out.endLine();
  }
  assertEquals(offers, [1, 2, 3, 4].map((times) => times * 64 * 1024));
});

Deno.test("RawWords drops words and leaves words out as their strings do", () => {
  fc.assert(
    fc.property(bytes, most, (content, most) => {
      const words = inside(new RawWords())(content);
      const strings = words.strings();
      words.most = most;
      assertEquals(words.strings(), strings.slice(0, most));
      assertEquals(words.cut, strings.length > most);
      words.more = "...";
      assertEquals(words.strings(), [...strings.slice(0, most), ...words.cut ? ["..."] : []]);
      assertEquals(words.dropFirst().strings().slice(0, most), strings.slice(1, most + 1));
    }),
  );
});
