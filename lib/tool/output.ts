import { getenv } from "../sys/environment.ts";
import { SystemError } from "../sys/errno.ts";
import { writeAll } from "../sys/write.ts";
import { csv } from "./csv.ts";
import type { CommonOptions } from "./common.ts";
import { ExitCode, ExitError } from "./exit.ts";
import { type Column, column, dataColumns, type Renderer } from "./field.ts";
import { json } from "./json.ts";
import { table, type TableStyle } from "./table.ts";
import type { Tool } from "./tool.ts";

/** The fields that the user chose to see. */
export function shownColumns<Options, E>(
  tool: Tool<Options, E>,
  options: Options,
  common: CommonOptions,
): Column<E>[] {
  if (common.output !== "table") return dataColumns(tool.fields);
  const names = tool.columns(options).filter((name) => name !== false);
  return names.map((name) => column(tool.fields, name));
}

/** What the user chose to see them as. */
export function renderer<E>(
  columns: readonly Column<E>[],
  common: CommonOptions,
  failed?: (event: E) => boolean,
): Renderer<E> {
  switch (common.output) {
    case "json":
      return json(columns);
    case "csv":
      return csv(columns);
    case "table":
      return table(columns, terminalStyle(common.no_color), failed);
  }
}

function terminalStyle(noColor: boolean): TableStyle {
  if (!Deno.stdout.isTerminal()) return { colour: false, width: () => 0 };
  return { colour: !noColor && getenv("NO_COLOR") === undefined, width: terminalWidth };
}

/** Asked for every batch, as windows change; 0 when the terminal does not know. */
function terminalWidth(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 0;
  }
}

const STDOUT = 1;
const encoder = new TextEncoder();

/**
 * Writes all of `text` to stdout.
 * @throws {Deno.errors.BrokenPipe} when nobody reads any more
 * @throws {ExitError} (74) when it cannot be written for another reason
 */
export function write(text: string): void {
  try {
    writeAll(STDOUT, encoder.encode(text));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code === "EPIPE") throw new Deno.errors.BrokenPipe();
    throw new ExitError(ExitCode.Output, error.message);
  }
}
