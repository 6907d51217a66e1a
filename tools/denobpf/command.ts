/** What the commands of `denobpf` have in common: rows or a text, in the frame of the tools. */
import type { CompletedCommand as Completed } from "#lib/tool/options/completions/completed_command.ts";
import { commonBeside } from "#lib/tool/options/frame_options.ts";
import { choice, operand, type Tool, toolMain, Trace } from "#lib/tool/mod.ts";
import { ListSource } from "#lib/tool/trace/list_source.ts";
import { requirePermissions } from "#lib/tool/ending/permissions.ts";

/** A command: a tool that gives rows or a text. */
export interface Command<Options, Row> extends Omit<Tool<Options, Row>, "trace" | "print"> {
  /** The rows to print. */
  rows?(options: Options): Iterable<Row>;
  /** What to print instead of rows. */
  text?(options: Options): string;
}

/** A command whose types of options and rows do not matter. */
// deno-lint-ignore no-explicit-any
export type AnyCommand = Command<any, any>;

/** Runs a command, and ends the process. */
export async function commandMain(command: AnyCommand, args: readonly string[]): Promise<never> {
  const { rows, text } = command;
  return await toolMain({
    ...command,
    print: text && ((options: unknown) => {
      requirePermissions();
      return text(options);
    }),
    trace: (options: unknown) => new Trace(new ListSource(rows!(options), command.fields)),
  }, args);
}

/** What the shells complete of a command. */
export function completed(
  command: Pick<
    AnyCommand,
    "name" | "brief" | "options" | "operands" | "fields" | "tables" | "frame"
  >,
): Completed {
  const { name, brief, options, operands } = command;
  return { name, brief, options: { ...options, ...commonBeside(command) }, operands };
}

/** What the shells complete of several commands behind one name: their names, and all their options. */
export function completedGroup(
  name: string,
  brief: string,
  commands: Readonly<Record<string, AnyCommand>>,
): Completed {
  const options = Object.values(commands).map((command) => completed(command).options);
  const operands = { command: operand("COMMAND", brief, choice(...Object.keys(commands))) };
  return { name, brief, options: Object.assign({}, ...options), operands };
}
