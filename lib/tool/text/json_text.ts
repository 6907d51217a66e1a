import { NAMED, remembered, replaceUnsafe } from "./escape.ts";

/** A value of any shape, such as that of a C struct. */
export type Structure =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Structure[]
  | { readonly [member: string]: Structure };

/** Printable ASCII without the double quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * Text, or several, as JSON, with everything escaped that a terminal might obey or hide. A byte that is not part
 * of valid UTF-8 is `\udc80` to `\udcff`, as decodeText() reads it: Python restores it with
 * `.encode(errors="surrogateescape")`. JSON.stringify() writes these, too, but takes long for each.
 */
export function jsonText(value: string | readonly string[]): string {
  if (typeof value !== "string") return `[${value.map(jsonText).join(",")}]`;
  if (PLAIN.test(value)) return `"${value}"`;
  return `"${replaceUnsafe(value, jsonEscape, SPECIAL)}"`;
}

const SPECIAL: ReadonlySet<number> = new Set([...'\\"'].map((char) => char.charCodeAt(0)));

/** Escapes of RFC 8259, section 7, besides those that are the same in C. */
const SHORT: Readonly<Record<number, string>> = {
  ...NAMED,
  0x08: "\\b",
  0x0c: "\\f",
  0x22: '\\"',
  0x5c: "\\\\",
};

/** What {@link jsonText} writes for a character that it replaces: UTF-16 units, of which some take two. */
export const jsonEscape = remembered((point) =>
  SHORT[point] ??
    String.fromCodePoint(point).split("")
      .map((unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"))
      .join("")
);

/** A whole number as JSON: beyond 2^53, where most readers would round it, a string. */
export function jsonInteger(value: number | bigint): string {
  return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
}

/** A value of any shape as JSON, in one line. */
export function jsonStructure(value: Structure): string {
  switch (typeof value) {
    case "string":
      return jsonText(value);
    case "number":
      // JSON has null for infinity and for what is not a number.
      return Number.isInteger(value) ? jsonInteger(value) : JSON.stringify(value);
    case "bigint":
      return jsonInteger(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonStructure).join(",")}]`;
  const members = Object.entries(value)
    .map(([name, member]) => `${jsonText(name)}:${jsonStructure(member)}`);
  return `{${members.join(",")}}`;
}

/** A value of any shape as text: a single text or number as it is, the rest as JSON. */
export function structureText(value: Structure): string {
  return typeof value === "object" ? jsonStructure(value) : String(value);
}
