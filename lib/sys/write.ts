import { EAGAIN, EINTR, SystemError } from "./errno.ts";
import { lastErrno, libc } from "./libc.ts";
import { hotSymbols } from "./library.ts";

const writing = hotSymbols(libc, {
  // ssize_t write(int fd, const void *buf, size_t count)
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
});

const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes all of `bytes`, and waits while the other end takes no more. Deno's own stdout cannot do
 * that: once another process has made the pipe nonblocking, it does not say how much was written.
 * @throws {SystemError}
 */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    const count = writing().write(fd, rest, BigInt(rest.length));
    if (count >= 0) {
      rest = rest.subarray(count);
      continue;
    }
    const errno = lastErrno();
    if (errno === EAGAIN) Atomics.wait(pause, 0, 0, 1);
    else if (errno !== EINTR) throw new SystemError(errno, "write the output");
  }
}
