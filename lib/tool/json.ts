import { replaceUnsafe } from "./escape.ts";
import type { Column, Renderer, Structure } from "./field.ts";
import { rfc3339 } from "./time.ts";
import { plainWords } from "./words.ts";

/**
 * One JSON object a line, with the same members for every event: null where an event has no value.
 * Integers beyond 2^53, which most readers would round, are strings. A byte that is not part of valid
 * UTF-8 is `\udc80` to `\udcff`, as decodeText() reads it: Python gives it back with
 * `.encode(errors="surrogateescape")`.
 */
export function json<E>(columns: readonly Column<E>[]): Renderer<E> {
  const members = columns.map((column, at) => ({
    before: `${at === 0 ? "{" : ","}${JSON.stringify(column.name)}:`,
    value: memberText(column),
  }));
  return {
    header: "",
    rows(events) {
      let text = "";
      events.forEach((event) => {
        for (const { before, value } of members) text += before + value(event);
        text += "}\n";
      });
      return text;
    },
  };
}

/** How the value of this column is written. */
export function memberText<E>(column: Column<E>): (event: E) => string {
  switch (column.type) {
    case "text":
      return (event) => jsonText(column.value(event)?.toString());
    case "words":
      return (event) => {
        const words = column.value(event);
        return jsonText(words && plainWords(words));
      };
    case "integer":
      return (event) => jsonInteger(column.value(event));
    case "decimal":
    case "boolean":
    case "integers":
      return (event) => JSON.stringify(column.value(event) ?? null);
    case "structure":
      return (event) => jsonStructure(column.value(event) ?? null);
    case "time":
      return (event) => {
        const time = column.value(event);
        return time === undefined ? "null" : `"${rfc3339(time)}"`;
      };
  }
}

/** JSON.stringify() escapes C0 controls and surrogates; what else a terminal might obey is left to do. */
function jsonText(value: string | readonly string[] | undefined): string {
  return replaceUnsafe(JSON.stringify(value ?? null), escapeCharacter);
}

function jsonInteger(value: number | bigint | undefined): string {
  if (value === undefined) return "null";
  return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
}

/** The JSON of a value of any shape, in one line; bigints as {@link jsonInteger} writes them. */
function jsonStructure(value: Structure): string {
  switch (typeof value) {
    case "string":
      return jsonText(value);
    case "number":
      // What is no number at all is null to JSON.
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

/** A value of any shape as text: what is but one text or number as it is, the rest as JSON has it. */
export function structureText(value: Structure): string {
  return typeof value === "object" ? jsonStructure(value) : String(value);
}

/** JSON's escapes are of UTF-16 units: a character beyond U+FFFF takes two. */
function escapeCharacter(character: string): string {
  return character.split("")
    .map((unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"))
    .join("");
}
