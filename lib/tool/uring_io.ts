/**
 * Reads and writes of io_uring: the user half of bpf/include/uring_io.h. It stands apart from mod.ts, as few tools
 * need it.
 *
 * @module
 */
import { attachRawTracepoint } from "../objects/attach/raw_tracepoint.ts";
import { BpfError } from "../objects/errors.ts";
import type { LoadedProgram, OpenedProgram } from "../skeleton/skeleton.ts";
import { kernelIsAtLeast } from "../sys/kernel.ts";

const isSeen = () => kernelIsAtLeast(6, 1);

/**
 * Chooses whether the program is loaded: on Linux 6.1 and later.
 * @param program of a section `raw_tp`
 */
export function loadUringIo(program: OpenedProgram): void {
  program.autoload = isSeen();
}

/** Attaches the program where requests end. A kernel that is built without io_uring has no such requests. */
export function attachUringIo(program: LoadedProgram): void {
  if (!isSeen()) return;
  try {
    attachRawTracepoint(program, "io_uring_complete");
  } catch (error) {
    if (!(error instanceof BpfError && error.code === "ENOENT")) throw error;
  }
}
