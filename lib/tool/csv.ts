import { escapeText } from "./escape.ts";
import type { Column, Renderer } from "./field.ts";
import { structureText } from "./json.ts";
import { shellQuote } from "./quote.ts";
import { rfc3339 } from "./time.ts";
import { plainWords } from "./words.ts";

/** Whether a spreadsheet would take this first character for the start of a formula. */
export function isFormula(code: number): boolean {
  return code === 0x3d || code === 0x2b || code === 0x2d || code === 0x40; // =+-@
}

/**
 * CSV after RFC 4180, but with the line ends of Unix. One event is always one line: text is escaped as
 * in tables, and words are quoted as a shell takes them. A value that an attacker chose is no formula
 * to a spreadsheet: its first character is escaped too if it is one of `=+-@`.
 */
export function csv<E>(columns: readonly Column<E>[]): Renderer<E> {
  const cells = columns.map(csvCell);
  return {
    header: columns.map((column) => column.name).join(",") + "\n",
    rows(events) {
      let text = "";
      events.forEach((event) => {
        for (let at = 0; at < cells.length; at++) {
          if (at > 0) text += ",";
          text += cells[at](event);
        }
        text += "\n";
      });
      return text;
    },
  };
}

/** How a cell of this column is written. */
export function csvCell<E>(column: Column<E>): (event: E) => string {
  switch (column.type) {
    case "text":
      return (event) => textCell(String(column.value(event) ?? ""));
    case "structure":
      return (event) => textCell(structureText(column.value(event) ?? ""));
    case "words":
      return (event) => {
        const text = plainWords(column.value(event) ?? []).map(shellQuote).join(" ");
        return cell(isFormula(text.charCodeAt(0)) ? "\\" + text : text);
      };
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
  const first = escaped.charCodeAt(0);
  return cell(isFormula(first) ? `\\x${first.toString(16)}${escaped.slice(1)}` : escaped);
}

/** A cell in quotes where RFC 4180 asks for them. */
function cell(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
