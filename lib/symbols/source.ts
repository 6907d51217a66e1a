/**
 * Files of which only parts are read. The owner of a traced process chooses what lies at a path in it:
 * nothing but regular files is opened, and no file is mapped, since one that shrinks would end this
 * process with SIGBUS.
 */
import { EINVAL, SystemError } from "../sys/errno.ts";
import { check, cString, files, libc } from "../sys/libc.ts";
import { hotSymbols } from "../sys/library.ts";
import { type FollowOptions, lookUpBelow, lookUpOfRoot, lookUpOwn } from "../sys/open_below.ts";
import { O_CLOEXEC, O_PATH, O_RDONLY } from "../sys/open_flags.ts";
import { type FileStatus, fileStatus, kindOf, S_IFREG } from "../sys/status.ts";
import type { Budget } from "./budget.ts";

const reading = hotSymbols(libc, {
  // ssize_t pread(int fd, void *buf, size_t count, off_t offset)
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "i32" },
});

/** Bytes that can be read from anywhere. */
export interface Source {
  /** Bytes in all. */
  readonly size: number;
  /** The bytes from `offset` on: `length` of them, or as many as there are. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
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
   * Opens a regular file.
   * @throws {SystemError}
   */
  static open(path: string): FileSource {
    return FileSource.#at(
      check(files().open(cString(path), O_PATH | O_CLOEXEC, 0), `open ${path}`),
      path,
    );
  }

  /**
   * Opens a regular file below a folder, `/proc/PID/root`, which no link leads out of.
   * @throws {SystemError}
   */
  static below(root: string, path: string, options: FollowOptions = {}): FileSource {
    return FileSource.#at(lookUpBelow(root, path, options), path);
  }

  /**
   * Opens a regular file below a folder, `/proc/PID/root`, where no link of a user leads to another's file.
   * @throws {SystemError}
   */
  static own(root: string, path: string): FileSource {
    return FileSource.#at(lookUpOwn(root, path), path);
  }

  /**
   * Opens a regular file of this host that root alone can have put where it is.
   * @throws {SystemError}
   */
  static ofRoot(path: string): FileSource {
    return FileSource.#at(lookUpOfRoot(path), path);
  }

  /**
   * To open a device can do things, to open a FIFO can wait for ever: the path has been looked up without
   * opening what is there, which is opened once it is known to be neither.
   * @param place a descriptor of it, which is closed
   */
  static #at(place: number, path: string): FileSource {
    try {
      const status = fileStatus(place, path);
      if (kindOf(status) !== S_IFREG) {
        throw new SystemError(EINVAL, `read ${path}, which is no regular file`);
      }
      const opened = files().open(cString(`/proc/self/fd/${place}`), O_RDONLY | O_CLOEXEC, 0);
      return new FileSource(check(opened, `open ${path}`), status);
    } finally {
      files().close(place);
    }
  }

  get size(): number {
    return this.status.size;
  }

  /** A path that leads to this file as long as it is open. */
  get path(): string {
    return `/proc/self/fd/${this.#fd}`;
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

/** Bytes of which no more are read than a budget has. */
export class BudgetedSource implements Source {
  readonly #source: Source;
  readonly #budget: Budget;

  /** @param source its maker closes it */
  constructor(source: Source, budget: Budget) {
    this.#source = source;
    this.#budget = budget;
  }

  get size(): number {
    return this.#source.size;
  }

  /** @throws {BudgetError} */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    this.#budget.take(Math.max(0, Math.min(length, this.size - offset)));
    return this.#source.read(offset, length);
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
