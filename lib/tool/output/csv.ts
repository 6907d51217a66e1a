import type { Column } from "../members/member.ts";
import type { Lines } from "./lines.ts";

const COMMA = 0x2c;

/**
 * CSV after RFC 4180, but with the line ends of Unix. One event is always one line: text is escaped as
 * in tables, and words are quoted as a shell takes them. A value that an attacker chose is no formula
 * to a spreadsheet: its first character is escaped too if it is one of `=+-@`.
 */
export function csvLines<E>(columns: readonly Column<E>[]): Lines<E> {
  const cells = columns.map((column) => ({
    valueOf: column.value,
    write: column.kind.csv(column),
  }));
  return {
    header(out) {
      out.string(columns.map(({ name }) => name).join(","));
      out.endLine();
    },
    line(event, out) {
      for (let at = 0; at < cells.length; at++) {
        if (at > 0) out.code(COMMA);
        const value = cells[at].valueOf(event);
        if (value !== undefined) cells[at].write(value, out);
      }
      out.endLine();
    },
  };
}
