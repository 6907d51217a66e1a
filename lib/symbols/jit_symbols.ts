/**
 * The functions of a perf map: lines of `START SIZE name`, numbers in hexadecimal
 * (tools/perf/Documentation/jit-interface.txt). Numbers are in typed arrays, names stay bytes until they
 * are asked for.
 */
import { decodeText } from "../sys/text.ts";
import { LIMITS } from "./budget.ts";
import { lastNotAbove } from "./intervals.ts";
import { newest } from "./newest.ts";

/** A piece of code that a JIT made. */
export interface JitSymbol {
  readonly name: string;
  readonly start: number;
}

const NEWLINE = 0x0a;
const TAB = 0x09;
const RETURN = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;
const X = 0x78;

/** Addresses and sizes are below: user space ends at 2^47 or 2^56. */
const LARGEST = 2 ** 57;

/** Bytes of memory for a function: start, end, where its name is and how long. */
const EACH = 8 + 8 + 4 + 2;

/** What has been read, and lies over nothing newer. */
interface Table {
  readonly starts: Float64Array<ArrayBuffer>;
  readonly ends: Float64Array<ArrayBuffer>;
  readonly nameAt: Uint32Array<ArrayBuffer>;
  readonly nameLength: Uint16Array<ArrayBuffer>;
}

export class JitSymbols {
  #table: Table = tableOf(0);
  /** All names that were ever read, one after the other. */
  #names = new Uint8Array(0);

  /** How many functions there are. */
  get size(): number {
    return this.#table.starts.length;
  }

  /** Bytes of memory that it takes, about. */
  get cost(): number {
    return this.size * EACH + this.#names.length;
  }

  /** What code `address` lies in, if that is known. */
  lookup(address: number): JitSymbol | undefined {
    const { starts, ends, nameAt, nameLength } = this.#table;
    const at = lastNotAbove(starts, address);
    if (at < 0 || address >= ends[at]) return undefined;
    const name = decodeText(this.#names, nameAt[at], nameAt[at] + nameLength[at]);
    return { name, start: starts[at] };
  }

  /**
   * Adds whole lines. Code that they overlap is gone: what a JIT throws away it does not report, it makes
   * something else in the same place. Lines of another form are passed over.
   * @param count how many they are; where there would be too many, what was read before is let go
   */
  add(bytes: Uint8Array<ArrayBuffer>, count: number): void {
    if (this.size + count > LIMITS.perfMapLines) {
      this.#table = tableOf(0);
      this.#names = new Uint8Array(0);
    }
    const known = this.size;
    const all = tableOf(known + count, this.#table);
    const names = new Uint8Array(this.#names.length + bytes.length);
    names.set(this.#names);
    let [added, nameEnd] = [known, this.#names.length];
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(NEWLINE, at);
      const found = readLine(bytes, at, Math.min(end, at + LIMITS.perfMapLine));
      if (found !== undefined) {
        const name = bytes.subarray(found.nameAt, found.nameEnd);
        all.starts[added] = found.start;
        all.ends[added] = found.start + found.size;
        all.nameAt[added] = nameEnd;
        all.nameLength[added] = name.length;
        names.set(name, nameEnd);
        nameEnd += name.length;
        added++;
      }
      at = end + 1;
    }
    this.#names = names.slice(0, nameEnd);
    const kept = newest(all.starts.subarray(0, added), all.ends.subarray(0, added));
    this.#table = {
      starts: Float64Array.from(kept, (at) => all.starts[at]),
      ends: Float64Array.from(kept, (at) => all.ends[at]),
      nameAt: kept.map((at) => all.nameAt[at]),
      nameLength: Uint16Array.from(kept, (at) => all.nameLength[at]),
    };
  }
}

/** A table for this many functions, the first of them from another. */
function tableOf(length: number, known?: Table): Table {
  const table = {
    starts: new Float64Array(length),
    ends: new Float64Array(length),
    nameAt: new Uint32Array(length),
    nameLength: new Uint16Array(length),
  };
  if (known !== undefined) {
    table.starts.set(known.starts);
    table.ends.set(known.ends);
    table.nameAt.set(known.nameAt);
    table.nameLength.set(known.nameLength);
  }
  return table;
}

/** The last lines that are whole in these bytes, as many as may be, and how many they are. */
export function lastLines(
  bytes: Uint8Array<ArrayBuffer>,
): { lines: Uint8Array<ArrayBuffer>; count: number } {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  let [count, start] = [0, end];
  while (start > 0 && count < LIMITS.perfMapLines) {
    start = start < 2 ? 0 : bytes.lastIndexOf(NEWLINE, start - 2) + 1;
    count++;
  }
  return { lines: bytes.subarray(start, end), count };
}

/** What is in `bytes[at, end)`: HotSpot and CoreCLR write numbers of 16 digits, HotSpot `0x` before them. */
function readLine(bytes: Uint8Array, at: number, end: number) {
  const start = readNumber(bytes, at, end);
  const size = readNumber(bytes, afterSpaces(bytes, start.end, end), end);
  const nameAt = afterSpaces(bytes, size.end, end);
  const nameEnd = bytes[end - 1] === RETURN ? end - 1 : end;
  if (start.value === undefined || size.value === undefined) return undefined;
  if (nameAt === size.end || nameAt >= nameEnd || bytes[nameAt] === 0) return undefined;
  return { start: start.value, size: size.value, nameAt, nameEnd };
}

/** A hexadecimal number, with or without `0x`, and where it ends; no value if there is none, or too big a one. */
function readNumber(bytes: Uint8Array, at: number, end: number) {
  if (bytes[at] === ZERO && (bytes[at + 1] | 0x20) === X) at += 2;
  let value = 0;
  const first = at;
  for (; at < end && value < LARGEST; at++) {
    const digit = hexDigit(bytes[at]);
    if (digit < 0) break;
    value = value * 16 + digit;
  }
  return { value: at > first && value < LARGEST ? value : undefined, end: at };
}

/** The value of a hexadecimal digit, -1 for any other byte. */
function hexDigit(byte: number): number {
  if (byte >= ZERO && byte < ZERO + 10) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function afterSpaces(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}
