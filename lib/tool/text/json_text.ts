import { replaceUnsafe } from "./escape.ts";

/** A value of any shape, such as that of a C struct. */
export type Structure =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Structure[]
  | { readonly [member: string]: Structure };

/**
 * Text, or several, as JSON. JSON.stringify() escapes C0 controls and surrogates; this also escapes
 * what else a terminal might obey. A byte that is not part of valid UTF-8 is `\udc80` to `\udcff`, as
 * decodeText() reads it: Python restores it with `.encode(errors="surrogateescape")`.
 */
export function jsonText(value: string | readonly string[]): string {
  return replaceUnsafe(JSON.stringify(value), escapeCharacter);
}

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

/** JSON's escapes are of UTF-16 units: a character beyond U+FFFF takes two. */
function escapeCharacter(character: string): string {
  return character.split("")
    .map((unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"))
    .join("");
}
