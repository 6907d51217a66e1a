/** Errors in what somebody typed: exit code 64, in one line. */
import { ExitCode, ExitError } from "../ending/exit.ts";
import type { Parser } from "./declarations.ts";

/**
 * A value that an option does not accept. The message reads on from the option's name.
 *
 * @example
 * ```ts
 * import { option, type Parser, ValueError } from "@denobpf/denobpf/tool";
 *
 * const even: Parser<number> = (text) => {
 *   if (/^\d*[02468]$/.test(text)) return Number(text);
 *   throw new ValueError(`${text} is not an even number`);
 * };
 * const options = { pages: option("", "N", "Size of the ring", even, 64) };
 * ```
 */
export class ValueError extends Error {
  /** The name of its class. */
  override readonly name = "ValueError";
}

/** An error in what somebody typed; with `tool`, where to read what can be typed. */
export function usage(message: string, tool?: string): ExitError {
  const help = tool === undefined ? "" : ` (${tool} --help lists the options)`;
  return new ExitError(ExitCode.Usage, message + help);
}

/**
 * Reads a value.
 * @param what the option or operand, for messages
 * @throws {ExitError} (64) for the ValueError of `parse`
 */
export function parsed<T>(what: string, parse: Parser<T>, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw usage(`${what}: ${error.message}`);
  }
}

/**
 * Reads the value of an option that can be understood only once the tool's fields are known.
 * @throws {ExitError} (64) for the ValueError of `read`
 */
export function reading<T>(option: string, read: () => T): T {
  return parsed(`--${option}`, read, "");
}
