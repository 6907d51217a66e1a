/** Exit codes: 0, 1, and those of sysexits.h that a tracing tool has a use for. */
export const ExitCode = {
  Ok: 0,
  /** Something failed that none of the others names. */
  Failure: 1,
  /** EX_USAGE: a wrong option or value. */
  Usage: 64,
  /** EX_UNAVAILABLE: this host cannot run the tool. */
  Unavailable: 69,
  /** EX_SOFTWARE: a fault of the tool itself. */
  Internal: 70,
  /** EX_IOERR: the output cannot be written. */
  Output: 74,
  /** EX_NOPERM: root, a capability or a Deno permission is missing. */
  NoPermission: 77,
} as const;

export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/** Ends a tool with one line on stderr and this exit code. */
export class ExitError extends Error {
  override readonly name = "ExitError";

  constructor(readonly exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
