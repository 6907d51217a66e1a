import { EAGAIN, EINTR, SystemError } from "./errno.ts";
import { cString, files, lastErrno, libc } from "./libc.ts";
import { hotSymbols, symbolGroup } from "./library.ts";
import { O_CLOEXEC, O_NOCTTY, O_NONBLOCK, O_WRONLY } from "./open_flags.ts";
import { kindOf, S_IFCHR, S_IFIFO, S_IFSOCK, tryFileStatus } from "./status.ts";

const writing = hotSymbols(libc, {
  // ssize_t write(int fd, const void *buf, size_t count)
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
});

const sending = symbolGroup(libc, {
  // ssize_t send(int fd, const void *buf, size_t len, int flags)
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
});

const waiting = symbolGroup(libc, {
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout)
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
});

const STDOUT = 1;

/** From include/linux/socket.h. */
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** From include/uapi/asm-generic/poll.h. `struct pollfd` is an int and two shorts. */
const POLLOUT = 4;

/**
 * Standard output that never holds this thread up: a reader may be slow, or not read at all, and signals
 * are to be answered meanwhile. A pipe or a terminal is opened once more to be written without waiting, as
 * the descriptor's own mode is shared with other processes. A file takes all at once.
 */
export class Stdout {
  readonly #fd: number;
  readonly #isSocket: boolean;

  constructor() {
    const status = tryFileStatus(STDOUT);
    const kind = status && kindOf(status);
    this.#isSocket = kind === S_IFSOCK;
    this.#fd = kind === S_IFIFO || kind === S_IFCHR ? reopened() : STDOUT;
  }

  /**
   * Writes what there is room for.
   * @returns how many bytes that was
   * @throws {SystemError} EPIPE when nobody reads any more
   */
  write(bytes: Uint8Array): number {
    for (let written = 0;;) {
      const rest = bytes.subarray(written);
      if (rest.length === 0) return written;
      const size = BigInt(rest.length);
      const count = this.#isSocket
        ? sending().send(STDOUT, rest, size, MSG_DONTWAIT | MSG_NOSIGNAL)
        : writing().write(this.#fd, rest, size);
      if (count >= 0) {
        written += count;
        continue;
      }
      const errno = lastErrno();
      if (errno === EAGAIN) return written;
      if (errno !== EINTR) throw new SystemError(errno, "write the output");
    }
  }

  /** Resolves when there is room again, or nobody reads any more. The event loop turns meanwhile. */
  async room(): Promise<void> {
    const pollfd = new Int32Array([this.#fd, POLLOUT]);
    await waiting().poll(new Uint8Array(pollfd.buffer), 1n, -1);
  }
}

/** Standard output opened anew, or itself where that is not allowed, as with another user's terminal. */
function reopened(): number {
  const flags = O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  const fd = files().open(cString("/proc/self/fd/1"), flags, 0);
  return fd < 0 ? STDOUT : fd;
}
