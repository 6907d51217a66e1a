/**
 * Exit codes: 0, 1, those of sysexits.h that a tracing tool has a use for, and two of shells.
 *
 * @example
 * ```ts
 * import { ExitCode } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ExitCode.Usage, 64);
 * ```
 */
export const ExitCode = {
  Ok: 0,
  /** Something failed that none of the others names. */
  Failure: 1,
  /** EX_USAGE: a wrong option or value. */
  Usage: 64,
  /** EX_DATAERR: a file that is not what it should be. */
  Data: 65,
  /** EX_UNAVAILABLE: this host cannot run the tool. */
  Unavailable: 69,
  /** EX_SOFTWARE: a fault of the tool itself. */
  Internal: 70,
  /** EX_IOERR: the output cannot be written. */
  Output: 74,
  /** EX_NOPERM: root, a capability or a Deno permission is missing. */
  NoPermission: 77,
  /** The command that was to be traced cannot be run: 126 and 127 as shells and env(1) have them. */
  CommandNotRun: 126,
  /** There is no such command. */
  CommandNotFound: 127,
} as const;

/** One of the exit codes. */
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/**
 * Ends a tool with one line on stderr and this exit code; a hint is a second line.
 *
 * @example
 * ```ts
 * import { ExitCode, ExitError } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new ExitError(ExitCode.Usage, "name a file");
 * assertEquals(error.exitCode, 64);
 * ```
 */
export class ExitError extends Error {
  /** The name of its class. */
  override readonly name = "ExitError";
  /** What to do about it. */
  readonly hint?: string;

  /** An error that ends the tool. @param message what failed, and why, in one line */
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options: ErrorOptions & { hint?: string } = {},
  ) {
    super(message, options);
    this.hint = options.hint;
  }
}
