import { LibraryError } from "../../libbpf/error.ts";
import {
  BpfError,
  PermissionError,
  UnsupportedError,
  VerifierError,
} from "../../objects/errors.ts";
import { SystemError } from "../../sys/errno.ts";
import { ExitCode, ExitError } from "./exit.ts";
import { escapeLines } from "../text/escape.ts";
import { MISSING_PERMISSIONS } from "./permissions.ts";

/**
 * Prints on stderr why a tool ended: what failed, and what to do about it if that is known.
 * @param verbose adds the verifier's log and the stack
 * @returns the exit code
 */
export function reportFailure(tool: string, error: unknown, verbose: boolean): ExitCode {
  if (error instanceof Deno.errors.BrokenPipe) return ExitCode.Ok;
  const { exitCode, message, hint } = explain(error);
  // Errors name what others chose: files, processes, what is in an object.
  console.error(`${tool}: ${escapeLines(message)}`);
  if (hint !== undefined) console.error(`${tool}: hint: ${escapeLines(hint)}`);
  if (verbose && error instanceof VerifierError) console.error(error.log);
  if ((verbose || exitCode === ExitCode.Internal) && error instanceof Error) {
    console.error(error.stack ?? "");
  }
  return exitCode;
}

/** What is reported of an error. */
export interface Explanation {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint?: string;
}

/** What an error means to the user of a tool. */
export function explain(error: unknown): Explanation {
  if (error instanceof ExitError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return { exitCode: ExitCode.NoPermission, message: MISSING_PERMISSIONS };
  }
  if (error instanceof LibraryError || error instanceof BpfError) {
    return { exitCode: exitCodeOf(error), message: error.message, hint: error.hint };
  }
  if (error instanceof SystemError) {
    return { exitCode: exitCodeOf(error), message: error.message };
  }
  return {
    exitCode: ExitCode.Internal,
    message: `This is a fault of the tool, please report it: ${error}`,
  };
}

/** The verifier also rejects programs with EACCES, which then says nothing of permissions. */
function exitCodeOf(error: LibraryError | BpfError | SystemError): ExitCode {
  if (
    error instanceof LibraryError || error instanceof UnsupportedError ||
    error instanceof VerifierError
  ) {
    return ExitCode.Unavailable;
  }
  if (error instanceof PermissionError || error.code === "EPERM" || error.code === "EACCES") {
    return ExitCode.NoPermission;
  }
  return ExitCode.Failure;
}
