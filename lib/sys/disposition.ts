import { libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";

const dispositions = symbolGroup(libc, {
  // int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

/** libc's `struct sigaction` on x86-64 and arm64: sa_handler, sa_mask of 128 bytes, sa_flags, sa_restorer. */
const SIZEOF_SIGACTION = 152;
const SA_FLAGS = 136;

/** From include/uapi/asm-generic/signal-defs.h. */
const SIG_DFL = 0n;
const SIG_IGN = 1n;
const SA_RESETHAND = 0x8000_0000;

/** What becomes of a signal that this process gets. */
export function dispositionOf(signal: number): "default" | "ignored" | "handled" {
  const old = new Uint8Array(SIZEOF_SIGACTION);
  dispositions().sigaction(signal, null, old);
  const handler = new DataView(old.buffer).getBigUint64(0, true);
  return handler === SIG_DFL ? "default" : handler === SIG_IGN ? "ignored" : "handled";
}

/** Ignores a signal, until another disposition is set. Children inherit it. */
export function ignoreSignal(signal: number): void {
  const action = new Uint8Array(SIZEOF_SIGACTION);
  new DataView(action.buffer).setBigUint64(0, SIG_IGN, true);
  dispositions().sigaction(signal, action, null);
}

/**
 * Has the handler of a signal called once. The next such signal ends the process as the kernel does it by
 * default, whatever the process is doing: Deno calls its listeners only when its event loop turns.
 */
export function handleOnce(signal: number): void {
  const action = new Uint8Array(SIZEOF_SIGACTION);
  dispositions().sigaction(signal, null, action);
  const view = new DataView(action.buffer);
  view.setUint32(SA_FLAGS, view.getUint32(SA_FLAGS, true) | SA_RESETHAND, true);
  dispositions().sigaction(signal, action, null);
}
