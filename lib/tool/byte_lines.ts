/**
 * Tables, JSON and CSV written as bytes, from the same columns as the strings of table.ts, json.ts and
 * csv.ts, and always the same as these: what is not plain is left to them.
 */
import { type ByteOutput, Constant } from "./byte_output.ts";
import { csvCell, isFormula } from "./csv.ts";
import type { Column } from "./field.ts";
import { memberText } from "./json.ts";
import { cellText, layout, NOTHING } from "./table.ts";
import { rfc3339, type TimeFormat } from "./time.ts";
import { pad } from "./width.ts";
import { RawWords, type Text, type Words } from "./words.ts";

/** Writes one event, without the newline. */
export type ByteLine<E> = (event: E, out: ByteOutput) => void;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSE = 0x5d;

/** A line of a table without colours, of any length. */
export function tableLine<E>(columns: readonly Column<E>[], time: TimeFormat): ByteLine<E> {
  const cells = layout(columns, time).map(({ column, size, align }) => {
    const full = cellText(column, time);
    const slow: ByteLine<E> = (event, out) => out.string(pad(full(event), size, align));
    return padded(quickCell(column), slow, size, align);
  });
  return joined(cells, SPACE);
}

/** All cells in a row, a character of ASCII between them. */
function joined<E>(cells: readonly ByteLine<E>[], between: number): ByteLine<E> {
  return (event, out) => {
    cells[0](event, out);
    for (let at = 1; at < cells.length; at++) {
      out.code(between);
      cells[at](event, out);
    }
  };
}

/** Writes what is plain, as wide as it is; false if it is not, and then it may have written something. */
type Quick<E> = (event: E, out: ByteOutput) => boolean;

function quickCell<E>(column: Column<E>): Quick<E> | undefined {
  switch (column.type) {
    case "text":
      return (event, out) => out.plain(column.value(event) ?? NOTHING, true);
    case "integer":
      return (event, out) => quickInteger(column.value(event) ?? NOTHING, out);
    case "words":
      return column.quote
        ? undefined
        : (event, out) => quickWords(column.value(event) ?? [NOTHING], out);
  }
}

function quickInteger(value: number | bigint | string, out: ByteOutput): boolean {
  if (typeof value === "number" && value >= 0 && value < 2 ** 31) {
    out.digits(value);
    return true;
  }
  return out.plain(String(value), true);
}

function quickWords(words: Words, out: ByteOutput): boolean {
  let first = true;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word instanceof RawWords && word.start === word.end) continue;
    if (!first) out.code(SPACE);
    first = false;
    if (!quickWord(word, out)) return false;
  }
  return true;
}

function quickWord(word: Text | RawWords, out: ByteOutput): boolean {
  return word instanceof RawWords ? out.words(word) : out.plain(word, true);
}

function padded<E>(
  quick: Quick<E> | undefined,
  slow: ByteLine<E>,
  size: number,
  align: "left" | "right",
): ByteLine<E> {
  if (quick === undefined) return slow;
  return (event, out) => {
    const start = out.length;
    const fits = quick(event, out);
    const width = out.length - start;
    if (fits && (align === "left" || width >= size)) {
      if (width < size) out.spaces(size - width);
    } else if (fits) {
      out.shift(start, size - width);
    } else {
      out.cut(start);
      slow(event, out);
    }
  };
}

/** A line of JSON. */
export function jsonLine<E>(columns: readonly Column<E>[]): ByteLine<E> {
  const members = columns.map((column, at) =>
    member(column, `${at === 0 ? "{" : ","}${JSON.stringify(column.name)}:`)
  );
  const end = new Constant("}");
  return (event, out) => {
    for (let at = 0; at < members.length; at++) members[at](event, out);
    out.constant(end);
  };
}

/** @param name what comes before the value */
function member<E>(column: Column<E>, name: string): ByteLine<E> {
  const full = memberText(column);
  const before = new Constant(name);
  const slow: ByteLine<E> = (event, out) => {
    out.constant(before);
    out.string(full(event));
  };
  switch (column.type) {
    case "text":
      return quickMember(column, name + '"', slow, quickText);
    case "words":
      return quickMember(column, name + "[", slow, quickList);
    case "integer":
      return quickMember<E, number | bigint>(
        column,
        name,
        slow,
        (value, out) => typeof value === "number" && quickInteger(value, out),
      );
    case "boolean":
      return quickMember<E, boolean>(
        column,
        name,
        slow,
        (value, out) => out.plain(String(value), true),
      );
    case "time":
      return quickMember(column, name + '"', slow, quickTime('Z"'));
    default:
      return slow;
  }
}

/** @param before the name, and what the value begins with */
function quickMember<E, T>(
  { value: valueOf, name }: { value(event: E): T | undefined; readonly name: string },
  before: string,
  slow: ByteLine<E>,
  quick: (value: T, out: ByteOutput) => boolean,
): ByteLine<E> {
  const start = new Constant(before);
  const nothing = new Constant(before.slice(0, before.indexOf(name) + name.length) + '":null');
  return (event, out) => {
    const value = valueOf(event);
    if (value === undefined) return out.constant(nothing);
    const { length } = out;
    out.constant(start);
    if (quick(value, out)) return;
    out.cut(length);
    slow(event, out);
  };
}

/** Without the opening quote. */
function quickText(text: Text, out: ByteOutput): boolean {
  if (!out.plain(text, false)) return false;
  out.code(QUOTE);
  return true;
}

const BETWEEN = new Constant('","');
const LAST = new Constant('"]');

/** Without the opening bracket. */
function quickList(words: Words, out: ByteOutput): boolean {
  let before = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word instanceof RawWords) {
      if (word.start === word.end) continue;
      if (before++ > 0) out.constant(BETWEEN);
      else out.code(QUOTE);
      if (!out.list(word, BETWEEN)) return false;
    } else {
      if (before++ > 0) out.constant(BETWEEN);
      else out.code(QUOTE);
      if (!out.plain(word, false)) return false;
    }
  }
  if (before > 0) out.constant(LAST);
  else out.code(CLOSE);
  return true;
}

const SECOND = 1_000_000_000n;

/**
 * RFC 3339 as rfc3339() writes it; the text of the last second is kept.
 * @param zone its last character, and what is to follow
 */
function quickTime(zone: string): (nanoseconds: bigint, out: ByteOutput) => boolean {
  const end = new Constant(zone);
  let second = -1n;
  let text = new Constant("");
  return (nanoseconds, out) => {
    let rest = Number(nanoseconds - second);
    if (second < 0n || rest < 0 || rest >= 1e9) {
      second = nanoseconds - nanoseconds % SECOND;
      rest = Number(nanoseconds - second);
      text = new Constant(rfc3339(second).slice(0, -"000000000Z".length));
    }
    out.constant(text);
    out.digits(rest, 9);
    out.constant(end);
    return true;
  };
}

/** A line of CSV. */
export function csvLine<E>(columns: readonly Column<E>[]): ByteLine<E> {
  return joined(columns.map(quickCsvCell), COMMA);
}

function quickCsvCell<E>(column: Column<E>): ByteLine<E> {
  const full = csvCell(column);
  const slow: ByteLine<E> = (event, out) => out.string(full(event));
  switch (column.type) {
    case "text":
      return orElse((event, out) => quickCsvText(column.value(event) ?? "", out), slow);
    case "integer":
      return orElse((event, out) => quickInteger(column.value(event) ?? "", out), slow);
    case "time": {
      const quick = quickTime("Z");
      return (event, out) => {
        const time = column.value(event);
        if (time !== undefined) quick(time, out);
      };
    }
    default:
      return slow;
  }
}

function orElse<E>(quick: Quick<E>, slow: ByteLine<E>): ByteLine<E> {
  return (event, out) => {
    const start = out.length;
    if (quick(event, out)) return;
    out.cut(start);
    slow(event, out);
  };
}

/** Text that neither RFC 4180 nor a spreadsheet would have otherwise. */
function quickCsvText(text: Text, out: ByteOutput): boolean {
  const start = out.length;
  if (!out.plain(text, false)) return false;
  if (start < out.length && isFormula(out.byteAt(start))) return false;
  for (let at = start; at < out.length; at++) if (out.byteAt(at) === COMMA) return false;
  return true;
}
