import { assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { RawText } from "#lib/sys/raw_text.ts";
import { type ByteLine, csvLine, jsonLine, tableLine } from "#lib/tool/byte_lines.ts";
import { ByteOutput } from "#lib/tool/byte_output.ts";
import { csv } from "#lib/tool/csv.ts";
import { type Column, column, type Fields } from "#lib/tool/field.ts";
import { json } from "#lib/tool/json.ts";
import { table } from "#lib/tool/table.ts";
import { timeFormat } from "#lib/tool/time.ts";
import { RawWords, type Text, type Words } from "#lib/tool/words.ts";

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
const fields: Fields<Event> = {
  left: { type: "text", brief, width: -6, value: (e) => e.text },
  right: { type: "text", brief, width: 6, value: (e) => e.text },
  lines: { type: "text", brief, lines: true, value: (e) => e.text },
  integer: { type: "integer", brief, width: 5, value: (e) => e.integer },
  wide: { type: "integer", brief, width: -5, value: (e) => e.integer },
  decimal: { type: "decimal", brief, decimals: 3, value: (e) => e.decimal },
  boolean: { type: "boolean", brief, value: (e) => e.boolean },
  time: { type: "time", brief, width: -8, value: (e) => e.time },
  words: { type: "words", brief, width: -12, value: (e) => e.words },
  quoted: { type: "words", brief, quote: true, value: (e) => e.words },
  integers: { type: "integers", brief, value: (e) => e.integers },
  both: { type: "words", brief, value: (e) => [e.text ?? "", ...e.words ?? []] },
};
const columns: readonly Column<Event>[] = Object.keys(fields).map((name) => column(fields, name));

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

function written(line: ByteLine<Event>, events: readonly Event[]): string {
  let text = "";
  const out = new ByteOutput((bytes) => text += new TextDecoder().decode(bytes));
  for (const event of events) {
    line(event, out);
    out.endLine();
  }
  out.flush();
  return text;
}

const RUNS = { numRuns: 300 };

Deno.test("a table as bytes is the table as text", () => {
  for (const name of ["time", "date-ns", "iso"] as const) {
    const time = timeFormat(name);
    const plain = table(columns, { colour: false, time, width: () => 0 });
    fc.assert(
      fc.property(events, (events) => {
        assertEquals(written(tableLine(columns, time), events), plain.rows(events));
      }),
      RUNS,
    );
  }
});

Deno.test("JSON as bytes is JSON as text", () => {
  const plain = json(columns);
  fc.assert(
    fc.property(events, (events) => {
      assertEquals(written(jsonLine(columns), events), plain.rows(events));
    }),
    RUNS,
  );
});

Deno.test("CSV as bytes is CSV as text", () => {
  const plain = csv(columns);
  const formulas = ["=1+1", "+1", "-1", "@a", "a=1", "a,b", 'a"b', ""].map((text) => ({ text }));
  assertEquals(written(csvLine(columns), formulas), plain.rows(formulas));
  fc.assert(
    fc.property(events, (events) => {
      assertEquals(written(csvLine(columns), events), plain.rows(events));
    }),
    RUNS,
  );
});

Deno.test("output beyond what is collected at a time goes on in order", () => {
  const many = Array.from({ length: 20_011 }, (_, i) => ({ integer: i, text: "x".repeat(i % 97) }));
  const two = [column(fields, "integer"), column(fields, "left")];
  assertEquals(written(jsonLine(two), many), json(two).rows(many));
});

Deno.test("a line longer than the output's memory is written whole", () => {
  const event: Event = { text: inside(new RawText())(new Uint8Array(300_000).fill(0x61)) };
  const one = [column(fields, "left")];
  assertEquals(written(jsonLine(one), [event, event]), json(one).rows([event, event]));
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
