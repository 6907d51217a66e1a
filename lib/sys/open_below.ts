/**
 * Opens files in folders where others make the links. A link of theirs could lead anywhere: out of the root
 * that they live in, or, through /proc/PID/root and its like, into what is closed to them.
 */
import { EACCES, ELOOP, ENAMETOOLONG, ENOENT, ENOSYS, SystemError } from "./errno.ts";
import { check, cString, files, lastErrno, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { O_CLOEXEC, O_NOFOLLOW, O_PATH } from "./open_flags.ts";
import { fileStatus, kindOf, S_IFLNK } from "./status.ts";
import { decodeText } from "./text.ts";

const opening = symbolGroup(libc, {
  // int openat(int dirfd, const char *path, int flags, ...)
  // FFI: the path is the caller's; the descriptor is the caller's to close
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  // ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t bufsiz)
  // FFI: both are the caller's
  readlinkat: { parameters: ["i32", "buffer", "buffer", "usize"], result: "i32" },
});

const newer = symbolGroup(libc, {
  // long syscall(long number, int dirfd, const char *path, struct open_how *how, size_t size)
  // FFI: path and how are the caller's; the descriptor is the caller's to close
  syscall: { parameters: ["i64", "i32", "buffer", "buffer", "usize"], result: "i32" },
});

/** Number of openat2(2), the same on all architectures; Linux 5.6. */
const NR_OPENAT2 = 437n;

/** From include/uapi/linux/openat2.h. */
const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_IN_ROOT = 0x10n;

const PATH_MAX = 4096;
/** As many links as the kernel follows in one path: MAXSYMLINKS of include/linux/namei.h. */
const MOST_LINKS = 40;

/** Whether a symbolic link at the end of a path is followed, as is usual. */
export interface FollowOptions {
  readonly follow?: boolean;
}

/**
 * Looks up a file below a folder that stands for the root: links that are absolute begin there, and `..`
 * does not lead above it.
 * @param root a path to the folder; `/proc/PID/root` is the root of a process
 * @returns a descriptor of the place (`O_PATH`) that the caller closes
 * @throws {SystemError}
 */
export function lookUpBelow(root: string, path: string, options: FollowOptions = {}): number {
  const folder = openRoot(root);
  try {
    const found = openat2(folder, path, options.follow !== false);
    if (found >= 0) return found;
    const errno = lastErrno();
    if (errno !== ENOSYS) throw new SystemError(errno, `open ${path} below ${root}`);
    return walk(folder, path, options.follow !== false, () => {});
  } finally {
    files().close(folder);
  }
}

/**
 * The same without openat2(2), part by part: where the kernel, or a filter of system calls, has none.
 * @throws {SystemError}
 */
export function lookUpBelowByParts(
  root: string,
  path: string,
  options: FollowOptions = {},
): number {
  const folder = openRoot(root);
  try {
    return walk(folder, path, options.follow !== false, () => {});
  } finally {
    files().close(folder);
  }
}

/**
 * Looks up a file of this host that nobody but root can have put there: it and each folder and link on the
 * way belong to root.
 * @returns a descriptor of the place (`O_PATH`) that the caller closes
 * @throws {SystemError} EACCES if something belongs to somebody else
 */
export function lookUpOfRoot(path: string): number {
  const folder = openRoot("/");
  try {
    return walk(folder, path, true, (fd, part) => {
      if (fileStatus(fd, part).uid === 0) return;
      throw new SystemError(EACCES, `open ${path}: ${part} does not belong to root`);
    });
  } finally {
    files().close(folder);
  }
}

/**
 * Looks up a file below a folder that stands for the root, as {@link lookUpBelow} does, but follows no link
 * whose owner is neither root nor the owner of the file. A process's root is mostly the host's own: a user's link
 * may lead to what is the user's, and not have root open what is closed to the user.
 * @returns a descriptor of the place (`O_PATH`) that the caller closes
 * @throws {SystemError} EACCES if a link of somebody else leads there
 */
export function lookUpOwn(root: string, path: string): number {
  const folder = openRoot(root);
  const makers = new Set<number>();
  try {
    const found = walk(folder, path, true, (fd, part) => {
      const status = fileStatus(fd, part);
      if (kindOf(status) === S_IFLNK) makers.add(status.uid);
    });
    const { uid } = fileStatus(found, path);
    if ([...makers].every((maker) => maker === 0 || maker === uid)) return found;
    files().close(found);
    throw new SystemError(EACCES, `open ${path}: a link of another user leads there`);
  } finally {
    files().close(folder);
  }
}

function openRoot(path: string): number {
  return check(files().open(cString(path), O_PATH | O_CLOEXEC, 0), `open ${path}`);
}

function openat2(folder: number, path: string, follow: boolean): number {
  // struct open_how { __u64 flags, mode, resolve; }
  const flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
  const how = BigUint64Array.of(BigInt(flags), 0n, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  const bytes = new Uint8Array(how.buffer);
  return Number(newer().syscall(NR_OPENAT2, folder, cString(path), bytes, BigInt(bytes.length)));
}

/**
 * Goes from part to part of a path, and follows links itself.
 * @param judge throws for what must not be on the way
 */
function walk(
  root: number,
  path: string,
  follow: boolean,
  judge: (fd: number, part: string) => void,
): number {
  if (path === "") throw new SystemError(ENOENT, "open a path without a name");
  if (path.length >= PATH_MAX) throw new SystemError(ENAMETOOLONG, `open ${path}`);
  const parts = path.split("/");
  /** From the root to where the walk is. */
  const way = [check(opening().openat(root, cString("."), O_PATH | O_CLOEXEC, 0), `open ${path}`)];
  const back = (length: number) => way.splice(length).forEach((fd) => files().close(fd));
  try {
    for (let links = 0; parts.length > 0;) {
      const part = parts.shift()!;
      if (part === "" && parts.length > 0) continue;
      if (part === "" || part === "." || part === "..") {
        // Only a folder has these: a slash at the end asks for one, too.
        const folder = opening().openat(way.at(-1)!, cString("."), O_PATH | O_CLOEXEC, 0);
        files().close(check(folder, `open ${path}`));
        if (part === "..") back(Math.max(1, way.length - 1));
        continue;
      }
      const flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
      const fd = opening().openat(way.at(-1)!, cString(part), flags, 0);
      way.push(check(fd, `open ${path}`));
      judge(fd, part);
      if (kindOf(fileStatus(fd, part)) !== S_IFLNK) continue;
      if (!follow && parts.length === 0) break;
      if (++links > MOST_LINKS) throw new SystemError(ELOOP, `open ${path}`);
      const target = readLinkAt(fd, path);
      back(target.startsWith("/") ? 1 : way.length - 1);
      parts.unshift(...target.split("/"));
    }
    return way.pop()!;
  } finally {
    back(0);
  }
}

function readLinkAt(fd: number, path: string): string {
  const target = new Uint8Array(PATH_MAX);
  const length = opening().readlinkat(fd, cString(""), target, BigInt(PATH_MAX));
  return decodeText(target, 0, check(length, `open ${path}`));
}
