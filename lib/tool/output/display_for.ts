import { getenv } from "../../sys/environment.ts";
import type { Column } from "../members/member.ts";
import { type CommonOptions, isFlameFormat } from "../options/frame_options.ts";
import { timeFormat } from "../text/time_format.ts";
import { csvLines } from "./csv.ts";
import type { Choice, Display } from "./display.ts";
import { jsonLines } from "./json.ts";
import { LineDisplay } from "./line_display.ts";
import type { Lines } from "./lines.ts";
import type { ToolOutput } from "./stdout.ts";
import { tableLines, type TableStyle } from "./table.ts";

/**
 * The display that the tool and its user chose.
 * @param stop ends the trace: a display may have a key for that
 * @throws {ExitError} (64) if an option asks for what there is not
 */
export async function displayFor<Options, E>(
  choice: Choice<Options, E>,
  out: ToolOutput,
  stop: () => void,
): Promise<Display<E>> {
  const { tool, options, frame, columns } = choice;
  if (isFlameFormat(frame.output)) {
    const { FlameDisplay } = await import("./flame_display.ts");
    return new FlameDisplay(choice, tool.tables!, frame.output, out);
  }
  const lines = linesFor(columns, frame, tool.failed);
  if (tool.tables === undefined) return new LineDisplay(lines, out, !frame.no_header);
  const { orderOf, TableDisplay } = await import("./tables.ts");
  const order = orderOf(tool, tool.tables, options, frame);
  if (frame.output === "table" && tool.tables.live?.(options)) {
    const { LiveTable } = await import("./live.ts");
    return new LiveTable(columns, lines, order, out, stop);
  }
  return new TableDisplay(choice, tool.tables, lines, order, out);
}

/** What the user chose to see events as. */
export function linesFor<E>(
  columns: readonly Column<E>[],
  frame: CommonOptions,
  failed?: (event: E) => boolean,
): Lines<E> {
  switch (frame.output) {
    case "json":
      return jsonLines(columns);
    case "csv":
      return csvLines(columns);
    default:
      return tableLines(columns, styleFor(frame), failed);
  }
}

function styleFor({ no_color, time_format = "time" }: CommonOptions): TableStyle {
  const time = timeFormat(time_format);
  if (!Deno.stdout.isTerminal()) return { time, colour: false, width: () => 0 };
  return { time, colour: !no_color && getenv("NO_COLOR") === undefined, width: terminalWidth() };
}

/** What COLUMNS says; else what the terminal says, asked for every batch, and 0 where it does not know. */
function terminalWidth(): () => number {
  const columns = Number(getenv("COLUMNS"));
  if (columns > 0) return () => columns;
  return () => {
    try {
      return Deno.consoleSize().columns;
    } catch {
      return 0;
    }
  };
}
