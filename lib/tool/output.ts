import { getenv } from "../sys/environment.ts";
import { SystemError } from "../sys/errno.ts";
import { writeAll } from "../sys/write.ts";
import type { ByteLine } from "./byte_lines.ts";
import { csv } from "./csv.ts";
import type { CommonOptions } from "./options/frame_options.ts";
import { ExitCode, ExitError } from "./exit.ts";
import { type Column, column, dataColumns, type Renderer } from "./field.ts";
import { json } from "./json.ts";
import { table, type TableStyle } from "./table.ts";
import { timeFormat } from "./time.ts";
import type { Tool } from "./tool.ts";

/** The fields that an output has by itself. Who names a format of time wants to see the time. */
export function shownColumns<Options, E>(
  tool: Tool<Options, E>,
  options: Options,
  common: CommonOptions,
): Column<E>[] {
  if (common.output !== "table") return dataColumns(tool.fields);
  const names = tool.columns(options).filter((name) => name !== false);
  const columns = names.map((name) => column(tool.fields, name));
  if (common.time_format === undefined || columns.some(isTime)) return columns;
  return [...dataColumns(tool.fields).filter(isTime).slice(0, 1), ...columns];
}

function isTime<E>({ type }: Column<E>): boolean {
  return type === "time";
}

/** What the user chose to see fields as. */
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
      return table(columns, style(common), failed);
  }
}

/**
 * Lines as bytes, for what may come by the hundred thousand a second to a pipe or a file. A terminal is
 * slower than either, and a table is coloured and cut there.
 */
export async function byteLine<E>(
  columns: readonly Column<E>[],
  { output, time_format = "time" }: CommonOptions,
): Promise<ByteLine<E> | undefined> {
  if (Deno.stdout.isTerminal()) return undefined;
  const { csvLine, jsonLine, tableLine } = await import("./byte_lines.ts");
  switch (output) {
    case "json":
      return jsonLine(columns);
    case "csv":
      return csvLine(columns);
    case "table":
      return tableLine(columns, timeFormat(time_format));
  }
}

function style({ no_color, time_format = "time" }: CommonOptions): TableStyle {
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

const STDOUT = 1;
const encoder = new TextEncoder();

/**
 * Writes all of `text` to stdout.
 * @throws {Deno.errors.BrokenPipe} when nobody reads any more
 * @throws {ExitError} (74) when it cannot be written for another reason
 */
export function write(text: string): void {
  writeBytes(encoder.encode(text));
}

/** The same for text that is encoded already. */
export function writeBytes(bytes: Uint8Array): void {
  try {
    writeAll(STDOUT, bytes);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code === "EPIPE") throw new Deno.errors.BrokenPipe();
    throw new ExitError(ExitCode.Output, error.message);
  }
}
