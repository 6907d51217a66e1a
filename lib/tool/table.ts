import { escapeText } from "./escape.ts";
import type { Column, Renderer } from "./field.ts";
import { structureText } from "./json.ts";
import { shellQuote } from "./quote.ts";
import type { TimeFormat } from "./time.ts";
import { cut, displayWidth, pad } from "./width.ts";
import { plainWords } from "./words.ts";

/** What the user chose and a terminal allows. A pipe or file gets plain text: no colour, nothing cut. */
export interface TableStyle {
  readonly colour: boolean;
  readonly time: TimeFormat;
  /** Width of the terminal now, or 0 if lines may be of any length. */
  readonly width: () => number;
}

/** Shown where an event has no value. */
export const NOTHING = "-";

/** The last column keeps at least this much on a terminal too narrow for the ones before it. */
const LEAST = 8;

const DIM = "\x1b[2m";
const RED = "\x1b[31m";
const RESET = "\x1b[0m";

/**
 * Columns as the C tools print them: each as wide as declared, one space between, longer values
 * pushing the rest to the right.
 * @param failed which events are shown in red
 */
export function table<E>(
  columns: readonly Column<E>[],
  style: TableStyle,
  failed?: (event: E) => boolean,
): Renderer<E> {
  const last = columns.length - 1;
  const cells = layout(columns, style.time).map(({ column, size, align }) => {
    const text = cellText(column, style.time);
    return {
      header: pad(header(column), size, align),
      text: (event: E) => pad(text(event), size, align),
    };
  });

  function line(cell: (at: number) => string, width: number): string {
    let before = "";
    for (let at = 0; at < last; at++) before += cell(at) + " ";
    const end = cell(last);
    if (width === 0) return before + end;
    const room = Math.max(width - displayWidth(before), LEAST);
    return before + end.split("\n").map((line) => cut(line, room)).join("\n");
  }

  return {
    get header() {
      const text = line((at) => cells[at].header, style.width());
      return (style.colour ? DIM + text + RESET : text) + "\n";
    },
    rows(events) {
      const width = style.width();
      let text = "";
      events.forEach((event) => {
        const row = line((at) => cells[at].text(event), width);
        text += (style.colour && failed?.(event) ? RED + row + RESET : row) + "\n";
      });
      return text;
    },
  };
}

/** How wide each column is. */
export function layout<E>(columns: readonly Column<E>[], time: TimeFormat) {
  return columns.map((column, at) => {
    const width = column.width ?? -displayWidth(header(column));
    const least = column.type === "time" ? time.width : 0;
    const align: "left" | "right" = width > 0 ? "right" : "left";
    // Nothing follows the last column, so that its left-aligned text needs no spaces behind it.
    const last = at === columns.length - 1 && align === "left";
    return { column, align, size: last ? 0 : Math.max(Math.abs(width), least) };
  });
}

function header<E>(column: Column<E>): string {
  return column.header ?? column.name.toUpperCase();
}

/** How a cell of this column is written. */
export function cellText<E>(column: Column<E>, time: TimeFormat): (event: E) => string {
  switch (column.type) {
    case "text":
      return present(
        column,
        column.lines
          ? (text) => String(text).split("\n").map(escapeText).join("\n")
          : (text) => escapeText(String(text)),
      );
    case "integer":
    case "boolean":
      return present<E, number | bigint | boolean>(column, String);
    case "decimal":
      return present(column, (value) => value.toFixed(column.decimals));
    case "time":
      return present(column, time.text);
    case "structure":
      return present(column, (value) => escapeText(structureText(value)));
    case "integers":
      return present(column, (integers) => integers.join(" "));
    case "words":
      return present(
        column,
        column.quote
          ? (words) => plainWords(words).map(shellQuote).join(" ")
          : (words) => escapeText(plainWords(words).join(" ")),
      );
  }
}

function present<E, T>(
  field: { value(event: E): T | undefined },
  format: (value: T) => string,
): (event: E) => string {
  return (event) => {
    const value = field.value(event);
    return value === undefined ? NOTHING : format(value);
  };
}
