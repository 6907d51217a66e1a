import { check, cString, stats } from "./libc.ts";

/** From include/uapi/linux/fcntl.h and include/uapi/linux/stat.h. */
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_INO = 0x100;
const STATX_MNT_ID = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const S_IFMT = 0o170000;
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_IFSOCK = 0o140000;

/** `struct statx` of include/uapi/linux/stat.h: offsets in bytes. */
const STATX = {
  size: 256,
  stx_uid: 20,
  stx_mode: 28,
  stx_ino: 32,
  stx_size: 40,
  stx_ctime: 96,
  stx_dev_major: 136,
  stx_dev_minor: 140,
  stx_mnt_id: 144,
};

/** What distinguishes one file from another, and from what it was before it was written to. */
export interface FileStatus {
  readonly inode: bigint;
  /** The same for the same file, whatever its contents: device and inode. */
  readonly file: string;
  /** Kind and permissions: inode(7). */
  readonly mode: number;
  /** Of its owner. */
  readonly uid: number;
  readonly size: number;
  /** The same for the same file with the same contents. */
  readonly identity: string;
}

/**
 * What a descriptor stands for, also one that was opened with `O_PATH`.
 * @param name what it is, for the error
 * @throws {SystemError}
 */
export function fileStatus(fd: number, name: string): FileStatus {
  const bytes = new Uint8Array(STATX.size);
  check(statx(fd, "", AT_EMPTY_PATH, bytes), `stat ${name}`);
  return statusIn(bytes);
}

/** {@link fileStatus}, or nothing where the descriptor is closed. */
export function tryFileStatus(fd: number): FileStatus | undefined {
  const bytes = new Uint8Array(STATX.size);
  return statx(fd, "", AT_EMPTY_PATH, bytes) < 0 ? undefined : statusIn(bytes);
}

/** What lies at a path, which may be a symbolic link; nothing where nothing is to be seen. */
export function tryPathStatus(path: string): FileStatus | undefined {
  const bytes = new Uint8Array(STATX.size);
  const result = statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, bytes);
  return result < 0 ? undefined : statusIn(bytes);
}

function statx(fd: number, path: string, flags: number, bytes: Uint8Array<ArrayBuffer>): number {
  return stats().statx(fd, cString(path), flags, STATX_BASIC_STATS, bytes);
}

function statusIn(bytes: Uint8Array): FileStatus {
  const view = new DataView(bytes.buffer);
  const inode = view.getBigUint64(STATX.stx_ino, true);
  const size = Number(view.getBigUint64(STATX.stx_size, true));
  const device = [STATX.stx_dev_major, STATX.stx_dev_minor].map((at) => view.getUint32(at, true));
  const changed = [
    view.getBigInt64(STATX.stx_ctime, true),
    view.getUint32(STATX.stx_ctime + 8, true),
  ];
  const file = [...device, inode].join(":");
  return {
    inode,
    file,
    size,
    mode: view.getUint16(STATX.stx_mode, true),
    uid: view.getUint32(STATX.stx_uid, true),
    identity: [file, size, ...changed].join(":"),
  };
}

/** `S_IFREG`, `S_IFDIR` and so on. */
export function kindOf({ mode }: FileStatus): number {
  return mode & S_IFMT;
}

/**
 * Which file `path` is: the device number as the kernel keeps it (`dev_t` of include/linux/kdev_t.h,
 * 20 bits of minor) and the inode.
 * @throws {SystemError}
 *
 * @example
 * ```ts
 * import { fileId } from "@denobpf/denobpf/tool";
 *
 * const { dev, ino } = fileId("/proc/self/ns/pid");
 * console.log(dev, ino);
 * ```
 */
export function fileId(path: string): { dev: number; ino: bigint } {
  const bytes = new Uint8Array(STATX.size);
  check(stats().statx(AT_FDCWD, cString(path), 0, STATX_INO, bytes), `stat ${path}`);
  const view = new DataView(bytes.buffer);
  const major = view.getUint32(STATX.stx_dev_major, true);
  const minor = view.getUint32(STATX.stx_dev_minor, true);
  return { dev: major * 2 ** 20 + minor, ino: view.getBigUint64(STATX.stx_ino, true) };
}

/**
 * The mount that `path` is on, by its number in /proc/self/mountinfo. Linux 5.8.
 * @throws {SystemError}
 */
export function mountId(path: string): bigint {
  const bytes = new Uint8Array(STATX.size);
  check(stats().statx(AT_FDCWD, cString(path), 0, STATX_MNT_ID, bytes), `stat ${path}`);
  return new DataView(bytes.buffer).getBigUint64(STATX.stx_mnt_id, true);
}

/**
 * Whether there is a file at `path` that this process may see.
 *
 * @example
 * ```ts
 * import { fileExists } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fileExists("/proc/self"), true);
 * ```
 */
export function fileExists(path: string): boolean {
  try {
    fileId(path);
    return true;
  } catch {
    return false;
  }
}
