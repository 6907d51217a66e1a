import { ValueError } from "../../options/usage_errors.ts";
import { Constant } from "../../text/bytes.ts";
import { quoted } from "../../text/escape.ts";
import { jsonInteger } from "../../text/json_text.ts";
import { type Kind, type Look, ordered } from "./kind.ts";

/** How a table shows a whole number, where not as it is. */
export interface IntegerLook extends Look {
  /** In octal as `%0*o` shows it, or in hexadecimal as `0x%0*x`. */
  readonly base?: "oct" | "hex";
  /** The least number of digits of these. */
  readonly digits?: number;
  /** What the number is divided by: 1e6 for milliseconds of a value in nanoseconds. */
  readonly unit?: number;
  /** Digits behind the point of the quotient; 0 if left out. */
  readonly decimals?: number;
}

/** A whole number. */
export const integerKind: Kind<number | bigint, IntegerLook> = {
  name: "integer",
  schema: { type: ["integer", "string", "null"], pattern: "^-?[0-9]+$" },
  table({ base, digits = 0, unit, decimals = 0 }) {
    if (unit !== undefined) {
      return (value, out) => out.string((Number(value) / unit).toFixed(decimals));
    }
    if (base === undefined) return (value, out) => out.integer(value);
    const [radix, prefix] = base === "oct" ? [8, ""] : [16, "0x"];
    return (value, out) => out.string(prefix + value.toString(radix).padStart(digits, "0"));
  },
  json(before) {
    const start = new Constant(before);
    return (value, out) => {
      out.constant(start);
      if (typeof value === "number") out.integer(value);
      else out.plain(jsonInteger(value), true);
    };
  },
  csv: () => (value, out) => out.integer(value),
  text: String,
  compare: (wanted) => ordered(wholeNumber(wanted)),
  key: (value) => value,
};

/** @throws {ValueError} */
export function wholeNumber(text: string): bigint {
  if (/^-?\d+$|^0x[\da-f]+$/i.test(text)) return BigInt(text);
  throw new ValueError(`${quoted(text)} is not a whole number`);
}
