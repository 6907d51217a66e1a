import type { EventOf, Members } from "../members/member.ts";
import type { Declarations, Operands } from "../options/declarations.ts";
import type { Tool } from "../tool.ts";
import { ListSource } from "../trace/list_source.ts";
import { Trace, type TraceOptions } from "../trace/trace.ts";
import { commonParts, type ToolParts, type Wanted, wantedOf } from "./tool_parts.ts";

/** The declaration of a tool that lists what there is, and ends. */
export interface ListTool<O extends Declarations, P extends Operands, Row, M extends Members<Row>>
  extends ToolParts<O, P> {
  /** The members of a row, in the order of JSON and CSV. */
  readonly members: M;
  /** The columns of the table; `false` is skipped. */
  columns(options: Wanted<O, P>): readonly (keyof M & string | false)[];
  /** Which rows stand for a failure and are red on a terminal. */
  failed?(row: Row): boolean;
  /** What there is. */
  rows(options: Wanted<O, P>): Iterable<Row> | AsyncIterable<Row>;
}

/**
 * Makes a tool of its declaration: the command, and the function that other programs import.
 *
 * @example
 * ```ts
 * import { listTool, membersOf } from "@denobpf/denobpf/tool";
 *
 * const { integer } = membersOf<{ square: number }>();
 * const { start: squares } = listTool({
 *   name: "squares",
 *   brief: "List squares",
 *   examples: [["squares", "the first three"]],
 *   options: {},
 *   members: { square: integer({ brief: "A square" }, (row) => row.square) },
 *   columns: () => ["square"],
 *   rows: () => [1, 4, 9].map((square) => ({ square })),
 * });
 * for await (const { square } of squares()) console.log(square);
 * ```
 */
export function listTool<
  O extends Declarations,
  Row,
  M extends Members<Row>,
  P extends Operands = Record<never, never>,
>(
  declared: ListTool<O, P, Row, M>,
): {
  readonly tool: Tool<Wanted<O, P>, Row>;
  readonly start: (given?: TraceOptions<Wanted<O, P>>) => Trace<EventOf<M>, Row>;
} {
  const { members, columns } = declared;

  function start(given: TraceOptions<Wanted<O, P>> = {}) {
    const rows = declared.rows(wantedOf(declared, given));
    return new Trace(new ListSource(rows, members), given.signal);
  }

  return {
    start: start as never,
    tool: {
      ...commonParts(declared),
      fields: members,
      columns,
      failed: declared.failed,
      trace: start as never,
    },
  };
}
