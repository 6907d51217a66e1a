import type { Column } from "../members/member.ts";
import type { ByteOutput } from "../text/bytes.ts";
import type { TimeFormat } from "../text/time_format.ts";
import { cut, displayWidth, pad } from "../text/width.ts";
import type { Lines } from "./lines.ts";

/** What the user chose and a terminal allows. A pipe or file gets plain text: no colour, nothing cut. */
export interface TableStyle {
  readonly colour: boolean;
  readonly time: TimeFormat;
  /** Width of the terminal now, or 0 if lines may be of any length. */
  readonly width: () => number;
}

/** Shown where an event has no value. */
const NOTHING = "-";

/** The last column keeps at least this much on a terminal too narrow for the ones before it. */
const LEAST = 8;

const SPACE = 0x20;
const DIM = "\x1b[2m";
const RED = "\x1b[31m";
const RESET = "\x1b[0m";

/**
 * Columns as the C tools print them: each as wide as declared, one space between, longer values
 * pushing the rest to the right.
 * @param failed which events are shown in red
 */
export function tableLines<E>(
  columns: readonly Column<E>[],
  style: TableStyle,
  failed?: (event: E) => boolean,
): Lines<E> {
  const places = columns.map((column, at) =>
    placeOf(column, style.time, at === columns.length - 1)
  );
  const cells = columns.map((column, at) => cell(column, places[at], style.time));
  const last = cells.length - 1;
  let width = style.width();

  function writeHeader(out: ByteOutput): void {
    const words = columns.map((column, at) =>
      pad(headerOf(column), places[at].size, places[at].align)
    );
    const end = words.pop()!;
    const before = words.map((word) => word + " ").join("");
    const room = width === 0 ? Infinity : Math.max(width - displayWidth(before), LEAST);
    const text = before + cut(end, room);
    out.string((style.colour ? DIM + text + RESET : text) + "\n");
  }

  function writeCells(event: E, out: ByteOutput): void {
    const start = out.length;
    out.narrow = true;
    for (let at = 0; at < last; at++) {
      cells[at](event, out);
      out.code(SPACE);
    }
    if (width === 0) return cells[last](event, out);
    const used = out.narrow ? out.length - start : displayWidth(out.textFrom(start));
    const end = out.length;
    out.narrow = true;
    cells[last](event, out);
    const room = Math.max(width - used, LEAST);
    if (out.narrow && out.length - end <= room) return;
    const text = out.textFrom(end);
    out.cut(end);
    out.string(text.split("\n").map((line) => cut(line, room)).join("\n"));
  }

  return {
    header: (out) => {
      if (cells.length > 0) writeHeader(out);
    },
    beginBatch: () => {
      width = style.width();
    },
    line(event, out) {
      if (cells.length === 0) return;
      const red = style.colour && failed?.(event);
      if (red) out.string(RED);
      writeCells(event, out);
      if (red) out.string(RESET);
      out.endLine();
    },
  };
}

/** How wide a column is, and where its values stand in it. */
interface Place {
  readonly size: number;
  readonly align: "left" | "right";
}

/** @param last nothing follows, so that text on the left needs no spaces behind it */
function placeOf<E>(column: Column<E>, time: TimeFormat, last: boolean): Place {
  const width = column.width ?? -displayWidth(headerOf(column));
  const align = width > 0 ? "right" : "left";
  const size = Math.max(Math.abs(width), column.kind.width?.(time) ?? 0);
  return { align, size: last && align === "left" ? 0 : size };
}

/** What stands above a column. */
export function headerOf<E>({ header, name }: Column<E>): string {
  return header ?? name.toUpperCase();
}

function cell<E>(
  column: Column<E>,
  { size, align }: Place,
  time: TimeFormat,
): (event: E, out: ByteOutput) => void {
  const { kind, value: valueOf, none = NOTHING } = column;
  const write = kind.table(column, time);
  const left = align === "left";
  return (event, out) => {
    const start = out.length;
    const narrow = out.narrow;
    out.narrow = true;
    const value = valueOf(event);
    if (value === undefined) out.escaped(none);
    else write(value, out);
    if (size > 0) {
      const width = out.narrow ? out.length - start : displayWidth(out.textFrom(start));
      if (width < size) {
        if (left) out.spaces(size - width);
        else out.shift(start, size - width);
      }
    }
    out.narrow &&= narrow;
  };
}
