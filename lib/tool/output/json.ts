import type { Column } from "../members/member.ts";
import { type ByteOutput, Constant } from "../text/bytes.ts";
import type { Lines } from "./lines.ts";

/** One JSON object a line, with the same members for every event: null where an event has no value. */
export function jsonLines<E>(columns: readonly Column<E>[]): Lines<E> {
  const members = columns.map((column, at) =>
    member(column, `${at === 0 ? "{" : ","}${JSON.stringify(column.name)}:`)
  );
  const end = new Constant("}");
  return {
    header() {},
    line(event, out) {
      for (let at = 0; at < members.length; at++) members[at](event, out);
      out.constant(end);
      out.endLine();
    },
  };
}

/** @param before what comes before the value */
function member<E>(column: Column<E>, before: string): (event: E, out: ByteOutput) => void {
  const { kind, value: valueOf } = column;
  const write = kind.json(before, column);
  const nothing = new Constant(before + "null");
  return (event, out) => {
    const value = valueOf(event);
    if (value === undefined) out.constant(nothing);
    else write(value, out);
  };
}
