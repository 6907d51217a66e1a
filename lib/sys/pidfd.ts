import { check, files, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";

/** Number of pidfd_open(2), the same on all architectures; Linux 5.3. */
const NR_PIDFD_OPEN = 434n;

const opening = symbolGroup(libc, {
  // long syscall(long number, pid_t pid, unsigned int flags); FFI: the descriptor is the caller's
  syscall: { parameters: ["i64", "i32", "u32"], result: "i32" },
});

/** A descriptor of a process, until it is disposed of. */
class Process implements Disposable {
  constructor(readonly fd: number) {}

  [Symbol.dispose](): void {
    files().close(this.fd);
  }
}

/**
 * Opens a process by its id: pidfd_open(2).
 * @throws {SystemError} ESRCH if there is none
 */
export function openProcess(pid: number): { readonly fd: number } & Disposable {
  return new Process(check(opening().syscall(NR_PIDFD_OPEN, pid, 0), `open process ${pid}`));
}
