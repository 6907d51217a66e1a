/** What the commands of `denobpf` have in common: words besides options, in the frame of the tools. */
import type { Command as Completed } from "#lib/tool/options/completions.ts";
import { commonBeside } from "#lib/tool/options/frame_options.ts";
import { quoted } from "#lib/tool/escape.ts";
import { ExitCode, ExitError } from "#lib/tool/exit.ts";
import { ListTrace } from "#lib/tool/list_trace.ts";
import { type Tool, toolMain } from "#lib/tool/mod.ts";
import { takeOperands } from "#lib/tool/options/operands.ts";
import { requirePermissions } from "#lib/tool/permissions.ts";

/** A command: a tool that has words to work on, and gives rows or a text. */
export interface Command<Options, Row> extends Omit<Tool<Options, Row>, "trace" | "print"> {
  /** The words: `MAP KEY`; those that may be left out in brackets, at the end: `NAME [DIR]`. */
  readonly operands: string;
  /** The rows to print. */
  rows?(operands: readonly string[], options: Options): Iterable<Row>;
  /** What to print instead of rows. */
  text?(operands: readonly string[], options: Options): string;
}

/** A command whose types of options and rows do not matter. */
// deno-lint-ignore no-explicit-any
export type AnyCommand = Command<any, any>;

/** Runs a command, and ends the process. */
export async function commandMain(command: AnyCommand, args: readonly string[]): Promise<never> {
  const { operands, rest } = takeOperands(command, args);
  // After the options are read: with --help there need be no words.
  const words = () => checked(command, operands);
  const { rows, text } = command;
  return await toolMain({
    ...command,
    print: text && ((options: unknown) => {
      const given = words();
      requirePermissions();
      return text(given, options);
    }),
    trace: (options: unknown) => new ListTrace(begun(rows!(words(), options))),
  }, rest);
}

/** The rows, of which the first is made at once: what fails then fails before the header is printed. */
function begun<Row>(rows: Iterable<Row>): AsyncIterable<Row> {
  const iterator = rows[Symbol.iterator]();
  let next = iterator.next();
  return (async function* () {
    try {
      for (; !next.done; next = iterator.next()) yield next.value;
    } finally {
      iterator.return?.();
    }
  })();
}

function checked(command: AnyCommand, operands: readonly string[]): readonly string[] {
  const names = command.operands.split(" ").filter((name) => name !== "");
  const needed = names.filter((name) => !name.startsWith("["));
  const help = `(${command.name} --help tells more)`;
  if (operands.length < needed.length) throw usage(`name ${needed.join(" and ")} ${help}`);
  if (operands.length <= names.length) return operands;
  throw usage(`unexpected argument ${quoted(operands[names.length])} ${help}`);
}

/** What the shells complete of a command. */
export function completed(
  command: Pick<AnyCommand, "name" | "brief" | "options" | "fields" | "tables">,
  operands?: readonly string[],
): Completed {
  const { name, brief, options } = command;
  return { name, brief, options: { ...options, ...commonBeside(command) }, operands };
}

/** What the shells complete of several commands behind one name: their names, and all their options. */
export function completedGroup(
  name: string,
  brief: string,
  commands: Readonly<Record<string, AnyCommand>>,
): Completed {
  const options = Object.values(commands).map((command) => completed(command).options);
  return { name, brief, options: Object.assign({}, ...options), operands: Object.keys(commands) };
}

/** An error in what somebody typed. */
export function usage(message: string): ExitError {
  return new ExitError(ExitCode.Usage, message);
}
