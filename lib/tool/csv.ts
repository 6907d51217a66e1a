import { escapeText } from "./escape.ts";
import type { Column, Renderer } from "./field.ts";
import { structureText } from "./json.ts";
import { shellQuote } from "./quote.ts";
import { rfc3339 } from "./time.ts";
import { plainWords } from "./words.ts";

/** What a spreadsheet would take for the start of a formula. */
const FORMULA = /^[=+\-@]/;

/**
 * CSV after RFC 4180, but with the line ends of Unix. One event is always one line: text is escaped as
 * in tables, and words are quoted as a shell takes them. A value that an attacker chose is no formula
 * to a spreadsheet: its first character is escaped too if it is one of `=+-@`.
 */
export function csv<E>(columns: readonly Column<E>[]): Renderer<E> {
  const cells = columns.map(cellText);
  return {
    header: columns.map((column) => column.name).join(",") + "\n",
    rows(events) {
      let text = "";
      for (const event of events) {
        for (let at = 0; at < cells.length; at++) {
          if (at > 0) text += ",";
          text += cells[at](event);
        }
        text += "\n";
      }
      return text;
    },
  };
}

function cellText<E>(column: Column<E>): (event: E) => string {
  switch (column.type) {
    case "text":
      return (event) => textCell(String(column.value(event) ?? ""));
    case "structure":
      return (event) => textCell(structureText(column.value(event) ?? ""));
    case "words":
      return (event) =>
        cell(
          plainWords(column.value(event) ?? []).map(shellQuote).join(" ").replace(FORMULA, "\\$&"),
        );
    case "integers":
      return (event) => (column.value(event) ?? []).join(" ");
    case "time":
      return (event) => {
        const time = column.value(event);
        return time === undefined ? "" : rfc3339(time);
      };
    case "integer":
    case "decimal":
    case "boolean":
      return (event) => String(column.value(event) ?? "");
  }
}

function textCell(text: string): string {
  const escaped = escapeText(text);
  return cell(escaped.replace(FORMULA, (first) => `\\x${first.charCodeAt(0).toString(16)}`));
}

/** A cell in quotes where RFC 4180 asks for them. */
function cell(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
