import { csvCell, isFormula } from "./csv_cell.ts";
import { codePoint, ESCAPE, sequenceLength } from "../../sys/text.ts";
import { escapePoint, escapeText, isUnsafe } from "./escape.ts";
import { jsonEscape, jsonText } from "./json_text.ts";
import type { RawWords, Text } from "./words.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;

/** What a byte is to an output: a look at a table is quicker than four comparisons. */
const PLAIN = 0;
const QUOTE = 1;
const NUL = 2;
const OTHER = 3;
const KINDS = new Uint8Array(256).fill(OTHER);
KINDS.fill(PLAIN, SPACE, 0x7f);
KINDS[0x5c] = OTHER; // the backslash
KINDS[0x22] = QUOTE;
KINDS[0] = NUL;

/** 00 to 99, two digits each. */
const PAIRS = encoded(Array.from({ length: 100 }, (_, i) => String(i).padStart(2, "0")).join(""));

/** This many bytes are collected before they are written: more gains nothing, and would leave the CPU's cache. */
const FULL = 64 * 1024;

/**
 * ASCII text that is written often: as numbers of eight bytes, which are written in one go. (No ASCII
 * is a NaN, the one number whose bytes would not stay as they are.)
 */
export class Constant {
  /** The text, padded with NULs. */
  readonly eights: Float64Array;
  /** Its length in bytes. */
  readonly length: number;

  /** Takes the text apart. */
  constructor(text: string) {
    this.length = text.length;
    this.eights = new Float64Array(Math.ceil(text.length / 8));
    new Uint8Array(this.eights.buffer).set(encoded(text));
  }
}

const encoder = new TextEncoder();

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes on their way out. Plain text is copied into them without becoming a string in between. */
export class ByteOutput {
  #bytes = new Uint8Array(2 * FULL);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** At this length a line that ends is written: what a slow reader did not take is not offered for each line. */
  #full = FULL;
  /**
   * Whether all that was written since it was last set is ASCII, of which each byte takes one column of a
   * terminal.
   */
  narrow = true;

  /**
   * Collects bytes.
   * @param write takes bytes, which are overwritten afterwards.
   *   It returns how many it took: a reader may be slower than the tool is.
   */
  constructor(readonly write: (bytes: Uint8Array<ArrayBuffer>) => number) {}

  /** How many bytes there are since the last flush. */
  get length(): number {
    return this.#length;
  }

  /** The text from byte `start` on. */
  textFrom(start: number): string {
    return decoder.decode(this.#bytes.subarray(start, this.#length));
  }

  /** Drops what came after the first `length` bytes. */
  cut(length: number): void {
    this.#length = length;
  }

  /** Ends a line, and writes what was collected if that is much. */
  endLine(): void {
    this.#bytes[this.#reserve(1)] = NEWLINE;
    this.#length++;
    if (this.#length >= this.#full) this.flush();
  }

  /**
   * Writes what was collected.
   * @returns whether all of it was taken; the rest waits for the next call
   */
  flush(): boolean {
    const length = this.#length;
    if (length === 0) return true;
    const taken = this.write(this.#bytes.subarray(0, length));
    if (taken < length) this.#bytes.copyWithin(0, taken, length);
    this.#length = length - taken;
    this.#full = this.#length + FULL;
    return taken === length;
  }

  /** One character of ASCII. */
  code(code: number): void {
    this.#bytes[this.#reserve(1)] = code;
    this.#length++;
  }

  /** Text that is written often. */
  constant({ eights, length }: Constant): void {
    const at = this.#reserve(8 * eights.length);
    const view = this.#view;
    for (let i = 0; i < eights.length; i++) view.setFloat64(at + 8 * i, eights[i], true);
    this.#length += length;
  }

  /** Any text, as it is. */
  string(text: string): void {
    const at = this.#reserve(3 * text.length);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at));
    if (written !== text.length) this.narrow = false;
    this.#length += written;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#reserve(bytes.length));
    this.#length += bytes.length;
  }

  /** Text as tables show it: nothing in it may move the cursor, see escape.ts. */
  escaped(text: Text): void {
    const start = this.#length;
    if (this.plain(text, true)) return;
    this.#length = start;
    if (typeof text === "string") this.string(escapeText(text));
    else this.#oddBytes(text.bytes, text.start, text.end, true);
  }

  /**
   * Text as JSON has it.
   * @param before ends with the opening quote of the text
   */
  json(before: Constant, text: Text): void {
    const start = this.#length;
    this.constant(before);
    if (this.plain(text, false)) return this.code(DOUBLE_QUOTE);
    this.#length = start;
    this.constant(before);
    if (typeof text === "string") {
      this.#length--;
      return this.string(jsonText(text));
    }
    this.#oddBytes(text.bytes, text.start, text.end, false);
    this.code(DOUBLE_QUOTE);
  }

  /** Text as a cell of CSV, see csv.ts. */
  csv(text: Text): void {
    const start = this.#length;
    if (this.plain(text, false) && this.#isPlainCell(start)) return;
    this.#length = start;
    this.string(csvCell(String(text)));
  }

  #isPlainCell(start: number): boolean {
    const bytes = this.#bytes;
    if (start < this.#length && isFormula(bytes[start])) return false;
    for (let at = start; at < this.#length; at++) if (bytes[at] === COMMA) return false;
    return true;
  }

  /** Any whole number. */
  integer(value: number | bigint): void {
    if (typeof value === "number" && value >= 0 && value < 2 ** 31) this.digits(value);
    else this.plain(String(value), true);
  }

  /** This many spaces. */
  spaces(count: number): void {
    const at = this.#reserve(count);
    const to = this.#bytes;
    for (let i = 0; i < count; i++) to[at + i] = SPACE;
    this.#length += count;
  }

  /** Moves what came after the first `length` bytes to the right, spaces before it. */
  shift(length: number, spaces: number): void {
    this.#reserve(spaces);
    const bytes = this.#bytes;
    for (let at = this.#length - 1; at >= length; at--) bytes[at + spaces] = bytes[at];
    for (let at = length; at < length + spaces; at++) bytes[at] = SPACE;
    this.#length += spaces;
  }

  /** A whole number from 0 to 2^31 - 1, at least `digits` long. */
  digits(value: number, digits = 1): void {
    while (digits < 10 && value >= POWERS[digits]) digits++;
    const start = this.#reserve(digits);
    const to = this.#bytes;
    let at = start + digits;
    for (; at - start >= 2; at -= 2) {
      const rest = (value / 100) | 0;
      const pair = (value - rest * 100) << 1;
      to[at - 1] = PAIRS[pair + 1];
      to[at - 2] = PAIRS[pair];
      value = rest;
    }
    if (at > start) to[start] = ZERO + value;
    this.#length += digits;
  }

  /**
   * Copies text that every output shows as it is: printable ASCII without backslash and double quote,
   * up to the end or a NUL.
   * @param quotes whether a double quote is plain as well
   * @returns whether it was plain; if not, something may have been written
   */
  plain(text: Text, quotes: boolean): boolean {
    return typeof text === "string"
      ? this.#plainString(text, quotes)
      : this.#plainBytes(text.bytes, text.start, text.end, quotes) >= 0;
  }

  /**
   * Words with a NUL behind each, the last one perhaps without: a space between them, and all else escaped as
   * {@link escaped} does.
   * @returns whether what stands for words that are left out is plain; if not, something was written
   */
  words({ bytes, start, end, most, more }: RawWords): boolean {
    if (start < end && bytes[end - 1] === 0) end--;
    let stop = this.#plainBytes(bytes, start, end, true, most);
    if (stop < 0) stop = this.#oddBytes(bytes, start, end, true, most);
    if (stop === end || more === "") return true;
    this.code(SPACE);
    return this.#plainString(more, true);
  }

  /** The same as {@link json} does it, and something else between them. */
  list({ bytes, start, end, most, more }: RawWords, between: Constant): boolean {
    for (let at = start, words = 1;; words++) {
      let stop = this.#plainBytes(bytes, at, end, false);
      if (stop < 0) stop = this.#oddBytes(bytes, at, end, false);
      at = stop + 1;
      if (at >= end || words === most && more === "") return true;
      this.constant(between);
      if (words === most) return this.#plainString(more, false);
    }
  }

  /**
   * @param words how many are taken: a NUL between two of them becomes a space
   * @returns where it ended, or -1
   */
  #plainBytes(bytes: Uint8Array, start: number, end: number, quotes: boolean, words = 1): number {
    let at = this.#reserve(end - start);
    const to = this.#bytes;
    let from = start;
    for (; from < end; from++, at++) {
      let byte = bytes[from];
      const kind = KINDS[byte];
      if (kind !== PLAIN) {
        if (kind === NUL) {
          if (--words === 0) break;
          byte = SPACE;
        } else if (kind === OTHER || !quotes) return -1;
      }
      to[at] = byte;
    }
    this.#length = at;
    return from;
  }

  /**
   * The same for bytes of which some are to be escaped, as escapeText() and jsonText() do. What traced programs
   * choose must not cost more than other text: there is no string but for an escape.
   */
  #oddBytes(bytes: Uint8Array, start: number, end: number, quotes: boolean, words = 1): number {
    const escape = quotes ? escapePoint : jsonEscape;
    let from = start;
    while (from < end) {
      const byte = bytes[from];
      const kind = KINDS[byte];
      if (kind === NUL && --words === 0) break;
      if (kind === NUL || kind === PLAIN || kind === QUOTE && quotes) {
        this.code(kind === NUL ? SPACE : byte);
        from++;
        continue;
      }
      const length = sequenceLength(bytes, from, end);
      const point = length === 0
        ? ESCAPE + byte
        : length === 1
        ? byte
        : codePoint(bytes, from, length);
      if (length < 2 || isUnsafe(point)) this.#ascii(escape(point));
      else this.#copy(bytes, from, length);
      from += Math.max(length, 1);
    }
    return from;
  }

  #ascii(text: string): void {
    const at = this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i);
    this.#length += text.length;
  }

  /** The bytes of a character beyond ASCII. */
  #copy(bytes: Uint8Array, from: number, length: number): void {
    const at = this.#reserve(length);
    for (let i = 0; i < length; i++) this.#bytes[at + i] = bytes[from + i];
    this.#length += length;
    this.narrow = false;
  }

  #plainString(text: string, quotes: boolean): boolean {
    const { length } = text;
    const at = this.#reserve(length);
    const to = this.#bytes;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      const kind = code < 256 ? KINDS[code] : OTHER;
      if (kind !== PLAIN && (kind !== QUOTE || !quotes)) return false;
      to[at + i] = code;
    }
    this.#length += length;
    return true;
  }

  /** Makes room for this many bytes. @returns where they go */
  #reserve(count: number): number {
    const needed = this.#length + count;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return this.#length;
  }
}

const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}
