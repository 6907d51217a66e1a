/** Names of signals 1 to 31, include/uapi/asm-generic/signal.h (x86-64 and arm64 agree). */
const NAMES =
  ("SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 " +
    "SIGPIPE SIGALRM SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG " +
    "SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO SIGPWR SIGSYS").split(" ");

/** The first real-time signal of the kernel; glibc keeps 32 and 33 for itself. */
const SIGRTMIN = 32;

/** `SIGKILL` for 9, `SIGRTMIN+2` for 34, `signal 99` for what is none. */
export function signalName(signal: number): string {
  if (signal >= 1 && signal <= NAMES.length) return NAMES[signal - 1];
  if (signal >= SIGRTMIN && signal <= 64) return `SIGRTMIN+${signal - SIGRTMIN}`;
  return `signal ${signal}`;
}
