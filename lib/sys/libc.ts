/**
 * The few functions of libc that the library needs, each with its C declaration. Tools run with
 * `--allow-ffi --allow-read` alone, and Deno then refuses its own file functions under /proc and /sys,
 * as well as the environment and user ids: these come from libc instead.
 */
import { findLibrary, hotSymbols, symbolGroup } from "./library.ts";
import { SystemError } from "./errno.ts";
import { once } from "./once.ts";
import { encodeText } from "./text.ts";

/** Where libc is. */
export const libc = once(() => {
  const path = findLibrary(["libc.so.6"]);
  if (path === undefined) throw new Error("Cannot find libc.so.6: is this a Linux with glibc?");
  // int *__errno_location(void); FFI: memory of this thread, which lives as long as it
  const symbols = { __errno_location: { parameters: [], result: "pointer" } } as const;
  const location = Deno.dlopen(path, symbols).symbols.__errno_location()!;
  errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  return path;
});

/**
 * The errno of this thread. Deno may change it whenever it takes memory, makes room for it, or opens a symbol:
 * V8 opens a file of /sys that need not be there when two of its threads first want the same lock. So it is read
 * where it lies, right after a call, and calls that leave it have results that take no memory: i32, not a
 * BigInt. That holds what read(2) and its like return: Linux transfers at most 0x7ffff000 bytes at once.
 */
let errno: Int32Array;

export const files = symbolGroup(libc, {
  // int open(const char *path, int flags, ...)
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
});

export const duplication = symbolGroup(libc, {
  // int fcntl(int fd, int op, ...); FFI: the descriptor is the caller's
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
});

export const memory = symbolGroup(libc, {
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  // int munmap(void *addr, size_t length)
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
});

export const pages = symbolGroup(libc, {
  // long sysconf(int name)
  sysconf: { parameters: ["i32"], result: "i64" },
});

/** Waits on this thread: nothing else runs meanwhile. */
export const holding = hotSymbols(libc, {
  // int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
});

export const polling = symbolGroup(libc, {
  // int epoll_create1(int flags)
  epoll_create1: { parameters: ["i32"], result: "i32" },
  // int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32", nonblocking: true },
  // int eventfd(unsigned int initval, int flags)
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // int eventfd_write(int fd, eventfd_t value)
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
});

export const ids = symbolGroup(libc, {
  geteuid: { parameters: [], result: "u32" }, // uid_t geteuid(void)
});

export const environment = symbolGroup(libc, {
  // char *getenv(const char *name); FFI: the result belongs to the environment, never freed
  getenv: { parameters: ["buffer"], result: "pointer" },
});

export const passwords = symbolGroup(libc, {
  // struct passwd *getpwnam(const char *name); FFI: static storage of libc, never freed
  getpwnam: { parameters: ["buffer"], result: "pointer" },
});

export const passwordsById = symbolGroup(libc, {
  // struct passwd *getpwuid(uid_t uid); FFI: static storage of libc, never freed
  getpwuid: { parameters: ["u32"], result: "pointer" },
});

export const clocks = hotSymbols(libc, {
  // int clock_gettime(clockid_t clock, struct timespec *tp)
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});

export const mounts = symbolGroup(libc, {
  // int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)
  mount: { parameters: ["buffer", "buffer", "buffer", "usize", "pointer"], result: "i32" },
});

export const removal = symbolGroup(libc, {
  // int unlink(const char *path)
  unlink: { parameters: ["buffer"], result: "i32" },
});

export const stats = symbolGroup(libc, {
  // int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *buf)
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
});

/**
 * `text` as C wants it: UTF-8 with a NUL at the end. Keep the array alive while C uses it.
 * @throws {RangeError} if there is a NUL in it, where C would take it to end: it would name another file
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new RangeError(`${JSON.stringify(text)} has a NUL in it, which no name or path can have`);
  }
  return encodeText(text + "\0");
}

/** A text of C's, up to its NUL; undefined for NULL. */
export function textAt(pointer: Deno.PointerValue): string | undefined {
  return pointer === null ? undefined : Deno.UnsafePointerView.getCString(pointer);
}

/**
 * Checks the result of a libc function that answers -1 for failure.
 * @throws {SystemError} with the errno
 */
export function check(result: number, operation: string): number {
  if (result >= 0) return result;
  throw new SystemError(lastErrno(), operation);
}

/** The errno that the last libc call of this thread left. */
export function lastErrno(): number {
  return errno[0];
}
