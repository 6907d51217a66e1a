/**
 * Files of which only parts are read. Whoever owns a traced process chooses what lies at a path in it:
 * nothing but regular files is opened, and no file is mapped, since one that shrinks would end this
 * process with SIGBUS.
 */
import { SystemError } from "../sys/errno.ts";
import { check, cString, files, libc, stats } from "../sys/libc.ts";
import { hotSymbols } from "../sys/library.ts";

const reading = hotSymbols(libc, {
  // ssize_t pread(int fd, void *buf, size_t count, off_t offset)
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
});

/** From include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h and include/uapi/linux/stat.h. */
const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
/** The one of these flags whose number differs between machines: arch/arm64/include/uapi/asm/fcntl.h. */
const O_NOFOLLOW = Deno.build.arch === "aarch64" ? 0o100000 : 0o400000;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const EINVAL = 22;

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
};

/** Bytes that can be read from anywhere. */
export interface Source {
  /** Bytes in all. */
  readonly size: number;
  /** The bytes from `offset` on: `length` of them, or as many as there are. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
}

/** What tells one file from another, and from what it was before it was written to. */
export interface FileStatus {
  readonly inode: bigint;
  /** The same for the same file, whatever its contents: device and inode. */
  readonly file: string;
  /** Of its owner. */
  readonly uid: number;
  readonly size: number;
  /** The same for the same file with the same contents. */
  readonly identity: string;
}

/** Bytes in memory. */
export class BytesSource implements Source {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(offset, offset + length);
  }
}

/** A regular file, open until it is disposed of. */
export class FileSource implements Source, Disposable {
  #fd: number;

  private constructor(fd: number, readonly status: FileStatus) {
    this.#fd = fd;
  }

  /**
   * Opens a regular file. To open a device can do things, to open a FIFO can wait for ever: the path is
   * looked up without opening what is there, and opened once it is known to be neither.
   * @param options.follow whether a symbolic link at the end of the path is followed, as is usual
   * @throws {SystemError}
   */
  static open(path: string, options: { follow?: boolean } = {}): FileSource {
    const flags = O_PATH | O_CLOEXEC | (options.follow === false ? O_NOFOLLOW : 0);
    const place = check(files().open(cString(path), flags, 0), `open ${path}`);
    try {
      const status = statusOf(place, path);
      const opened = files().open(cString(`/proc/self/fd/${place}`), O_RDONLY | O_CLOEXEC, 0);
      return new FileSource(check(opened, `open ${path}`), status);
    } finally {
      files().close(place);
    }
  }

  get size(): number {
    return this.status.size;
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    return bytes.subarray(0, readAt(this.#fd, bytes, offset));
  }

  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    files().close(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Memory of another process, as far as it can be read.
 * @throws {SystemError} without the right to trace the process
 */
export function readProcessMemory(
  pid: number,
  address: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const path = `/proc/${pid}/mem`;
  const fd = check(files().open(cString(path), O_RDONLY | O_CLOEXEC, 0), `open ${path}`);
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readAt(fd, bytes, address));
  } finally {
    files().close(fd);
  }
}

/** Fills `bytes` from `offset` on, as far as there is something to read. */
function readAt(fd: number, bytes: Uint8Array<ArrayBuffer>, offset: number): number {
  let filled = 0;
  while (filled < bytes.length) {
    const rest = bytes.subarray(filled);
    const count = Number(
      reading().pread(fd, rest, BigInt(rest.length), BigInt(offset + filled)),
    );
    if (count <= 0) break;
    filled += count;
  }
  return filled;
}

function statusOf(fd: number, path: string): FileStatus {
  const bytes = new Uint8Array(STATX.size);
  const result = stats().statx(fd, cString(""), AT_EMPTY_PATH, STATX_BASIC_STATS, bytes);
  check(result, `stat ${path}`);
  const view = new DataView(bytes.buffer);
  if ((view.getUint16(STATX.stx_mode, true) & S_IFMT) !== S_IFREG) {
    throw new SystemError(EINVAL, `read ${path}, which is no regular file`);
  }
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
    uid: view.getUint32(STATX.stx_uid, true),
    identity: [file, size, ...changed].join(":"),
  };
}
