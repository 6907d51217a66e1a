/** Formats of printf(3), for values that were fetched. */
import type { Value } from "./evaluate.ts";
import { unescaped } from "./expression.ts";
import type { Scanner } from "./scanner.ts";

/** Text, or a conversion of one value. */
export interface Conversion {
  /** The text; what stands for a value otherwise. */
  readonly text: string;
  /** How a value is shown: `d`, `x`, `s`. Undefined for text alone. */
  readonly letter?: string;
  readonly left?: boolean;
  readonly zeros?: boolean;
  readonly plus?: boolean;
  readonly space?: boolean;
  readonly prefix?: boolean;
  readonly width?: number;
  readonly precision?: number;
  /** Bits that the letters of its length leave: `%hhd`. Undefined for as many as the value has. */
  readonly bits?: number;
}

const CONVERSION = /%([-+ #0]*)(\d{0,3})(?:\.(\d{0,3}))?(hh|h|ll|l|q|j|z|t)?([a-zA-Z%])/y;
const LETTERS = "diouxXcspKU";
const BITS: Readonly<Record<string, number>> = { hh: 8, h: 16 };

/**
 * Reads a format: `%d %i %u %o %x %X %c %s %p`, and `%K` and `%U` for the symbol at an address of the kernel
 * and of the process.
 * @param format as it stands between its quotes; `at` is where these begin
 * @throws {ValueError} that points at a conversion that is none
 */
export function parseFormat(
  scanner: Scanner,
  { text, at }: { readonly text: string; readonly at: number },
): Conversion[] {
  const conversions: Conversion[] = [];
  const body = text.replace(/(?:\\n)+$/, ""); // lines end by themselves
  let plain = "";
  for (let i = 0; i < body.length;) {
    if (body[i] !== "%") {
      const piece = body[i] === "\\" ? body.slice(i, i + 2) : body[i];
      plain += unescaped(piece);
      i += piece.length;
      continue;
    }
    CONVERSION.lastIndex = i;
    const found = CONVERSION.exec(body);
    const [all, flags, width, precision, length, letter] = found ?? [];
    if (all === undefined || letter !== "%" && !LETTERS.includes(letter!)) {
      const what = found === null ? "this" : all;
      throw scanner.wrong(`${what} is no conversion: %d %u %x %o %c %s %p %K %U are`, at + 1 + i);
    }
    i += all.length;
    if (letter === "%") {
      plain += "%";
      continue;
    }
    if (plain !== "") conversions.push({ text: plain });
    plain = "";
    conversions.push({
      text: all,
      letter,
      left: flags!.includes("-"),
      zeros: flags!.includes("0"),
      plus: flags!.includes("+"),
      space: flags!.includes(" "),
      prefix: flags!.includes("#"),
      ...width !== "" && { width: Number(width) },
      ...precision !== undefined && { precision: Number(precision) },
      ...length !== undefined && Object.hasOwn(BITS, length) && { bits: BITS[length] },
    });
  }
  if (plain !== "") conversions.push({ text: plain });
  return conversions;
}

/** Names of addresses. */
export interface SymbolNames {
  kernel(address: bigint): string;
  user(address: bigint): string;
}

/**
 * A value as a conversion shows it; `?` for one that could not be read.
 * @param name what an enum calls the number
 * @param size bytes of the value, for digits of negative numbers that have no sign in the format
 */
export function formatted(
  conversion: Conversion,
  value: Value,
  { name, size = 8, symbols }: { name?: string; size?: number; symbols: SymbolNames },
): string {
  return padded(conversion, bare(conversion, value, name, size, symbols));
}

function bare(
  { letter, precision, plus, space, prefix, bits }: Conversion,
  value: Value,
  name: string | undefined,
  size: number,
  symbols: SymbolNames,
): string {
  if (value === undefined) return "?";
  if (letter === "s") return (name ?? String(value)).slice(0, precision);
  if (typeof value === "string") return value;
  const width = bits ?? size * 8;
  const unsigned = BigInt.asUintN(width, value);
  const digits = (text: string) => text.padStart(precision ?? 0, "0");
  switch (letter) {
    case "d":
    case "i": {
      const number = bits === undefined ? value : BigInt.asIntN(bits, value);
      const sign = number < 0n ? "-" : plus ? "+" : space ? " " : "";
      return sign + digits(String(number < 0n ? -number : number));
    }
    case "u":
      return digits(String(unsigned));
    case "o":
      return (prefix ? "0" : "") + digits(unsigned.toString(8));
    case "x":
      return (prefix ? "0x" : "") + digits(unsigned.toString(16));
    case "X":
      return (prefix ? "0X" : "") + digits(unsigned.toString(16).toUpperCase());
    case "c":
      return String.fromCharCode(Number(BigInt.asUintN(8, value)));
    case "K":
      return symbols.kernel(unsigned);
    case "U":
      return symbols.user(unsigned);
    default:
      return `0x${unsigned.toString(16)}`;
  }
}

function padded({ left, zeros, width = 0, letter, precision }: Conversion, text: string): string {
  if (left) return text.padEnd(width);
  if (!zeros || precision !== undefined || !"diouxX".includes(letter!)) return text.padStart(width);
  const [, sign, digits] = /^([-+ ]?(?:0[xX])?)([^]*)$/.exec(text)!;
  return sign + digits.padStart(width - sign.length, "0");
}
