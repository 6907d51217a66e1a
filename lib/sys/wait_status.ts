import { signalName } from "./signals.ts";

/** How a process ended. */
export interface Exit {
  /** What it gave to exit(3), unless a signal ended it. */
  readonly exit_code?: number;
  /** The signal that ended it: `SIGKILL`. */
  readonly signal?: string;
}

/** Bit 7 of a status, WCOREFLAG: memory was dumped, to a file or to a program. */
const CORE_DUMPED = 0x80;

/**
 * Whether the process that a signal ended has left a core dump.
 *
 * @example
 * ```ts
 * import { coreDumped } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(coreDumped(0x80 | 6), true);
 * ```
 */
export function coreDumped(status: number): boolean {
  return (status & CORE_DUMPED) !== 0;
}

/**
 * Reads a status of wait(2): bits 0 to 6 are a signal, bits 8 to 15 an exit code.
 *
 * @example
 * ```ts
 * import { exitOf } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(exitOf(3 << 8), { exit_code: 3 });
 * assertEquals(exitOf(9), { signal: "SIGKILL" });
 * ```
 */
export function exitOf(status: number): Exit {
  const signal = status & 0x7f;
  return signal === 0 ? { exit_code: status >> 8 & 0xff } : { signal: signalName(signal) };
}
