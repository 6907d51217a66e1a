import { libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";

const dispositions = symbolGroup(libc, {
  // int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)
  sigaction: { parameters: ["i32", "pointer", "buffer"], result: "i32" },
});

/** `sizeof(struct sigaction)` is 152; it begins with sa_handler. */
const SIZEOF_SIGACTION = 152;

/** From include/uapi/asm-generic/signal-defs.h. */
const SIG_IGN = 1n;

/** Whether this process ignores a signal, as one that nohup(1) started ignores SIGHUP. */
export function ignoresSignal(signal: number): boolean {
  const old = new Uint8Array(SIZEOF_SIGACTION);
  dispositions().sigaction(signal, null, old);
  return new DataView(old.buffer).getBigUint64(0, true) === SIG_IGN;
}
