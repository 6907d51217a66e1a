/** Names of si_code, by signal where they depend on it: include/uapi/asm-generic/siginfo.h, sigaction(2). */

const ANY: Readonly<Record<number, string>> = {
  0: "SI_USER",
  128: "SI_KERNEL",
  [-1]: "SI_QUEUE",
  [-2]: "SI_TIMER",
  [-3]: "SI_MESGQ",
  [-4]: "SI_ASYNCIO",
  [-5]: "SI_SIGIO",
  [-6]: "SI_TKILL",
  [-7]: "SI_DETHREAD",
  [-60]: "SI_ASYNCNL",
};

/** From 1 on. */
const OF_SIGNAL: Readonly<Record<string, readonly string[]>> = {
  SIGILL: names("ILL", "ILLOPC ILLOPN ILLADR ILLTRP PRVOPC PRVREG COPROC BADSTK BADIADDR"),
  SIGFPE: names("FPE", "INTDIV INTOVF FLTDIV FLTOVF FLTUND FLTRES FLTINV FLTSUB"),
  SIGSEGV: names("SEGV", "MAPERR ACCERR BNDERR PKUERR ACCADI ADIDERR ADIPERR MTEAERR MTESERR"),
  SIGBUS: names("BUS", "ADRALN ADRERR OBJERR MCEERR_AR MCEERR_AO"),
  SIGTRAP: names("TRAP", "BRKPT TRACE BRANCH HWBKPT UNK PERF"),
  SIGCHLD: names("CLD", "EXITED KILLED DUMPED TRAPPED STOPPED CONTINUED"),
  SIGIO: names("POLL", "IN OUT MSG ERR PRI HUP"),
  SIGSYS: names("SYS", "SECCOMP USER_DISPATCH"),
};

function names(prefix: string, names: string): string[] {
  return names.split(" ").map((name) => `${prefix}_${name}`);
}

/** `CLD_EXITED` for 1 of SIGCHLD; the number itself if it has no name. */
export function codeName(signal: string, code: number): string {
  return ANY[code] ?? OF_SIGNAL[signal]?.[code - 1] ?? String(code);
}
