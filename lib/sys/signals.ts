/** Names of signals 1 to 31, include/uapi/asm-generic/signal.h (x86-64 and arm64 agree). */
const NAMES =
  ("SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 " +
    "SIGPIPE SIGALRM SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG " +
    "SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO SIGPWR SIGSYS").split(" ");

/** The first real-time signal of the kernel; glibc keeps 32 and 33 for itself. */
const SIGRTMIN = 32;

/** _NSIG of include/uapi/asm-generic/signal.h: the last one. */
export const MAX_SIGNAL = 64;

/**
 * `SIGKILL` for 9, `SIGRTMIN+2` for 34, `signal 99` for what is none.
 *
 * @example
 * ```ts
 * import { signalName } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(signalName(9), "SIGKILL");
 * ```
 */
export function signalName(signal: number): string {
  if (signal >= 1 && signal <= NAMES.length) return NAMES[signal - 1];
  if (signal >= SIGRTMIN && signal <= MAX_SIGNAL) return `SIGRTMIN+${signal - SIGRTMIN}`;
  return `signal ${signal}`;
}

/**
 * 9 for `SIGKILL`, `KILL` and `kill`, 34 for `SIGRTMIN+2`; undefined for what is no name.
 *
 * @example
 * ```ts
 * import { signalNumber } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(signalNumber("SIGKILL"), 9);
 * ```
 */
export function signalNumber(name: string): number | undefined {
  const [, short, offset] = /^(?:SIG)?([A-Z]\w*)(?:\+(\d+))?$/.exec(name.toUpperCase()) ?? [];
  if (short === "RTMIN") {
    const number = SIGRTMIN + Number(offset ?? 0);
    return number <= MAX_SIGNAL ? number : undefined;
  }
  const at = offset === undefined ? NAMES.indexOf(`SIG${short}`) : -1;
  return at < 0 ? undefined : at + 1;
}
