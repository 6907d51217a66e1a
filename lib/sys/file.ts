import { check, cString, duplication, files } from "./libc.ts";
import { O_CLOEXEC, O_NONBLOCK, O_RDONLY } from "./open_flags.ts";

/** From include/uapi/linux/fcntl.h. */
const F_DUPFD_CLOEXEC = 1030;

/** Big enough for the small files of /proc and /sys in one call. */
const CHUNK = 16 * 1024;

/**
 * Reads a file of /proc or /sys, where Deno's own functions ask for --allow-all.
 * @param limit bytes that are read at most
 * @throws {SystemError} when it cannot be opened or read
 */
export function readFile(path: string, limit = Infinity): Uint8Array<ArrayBuffer> {
  using file = OpenFile.open(path);
  return file.readAll({ limit });
}

/**
 * {@link readFile} as text.
 *
 * @example
 * ```ts
 * import { readTextFile } from "@denobpf/denobpf/tool";
 *
 * console.log(readTextFile("/proc/loadavg"));
 * ```
 */
export function readTextFile(path: string): string {
  return new TextDecoder().decode(readFile(path));
}

/**
 * {@link readTextFile}, or undefined where the file is missing or closed to us.
 *
 * @example
 * ```ts
 * import { tryReadTextFile } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tryReadTextFile("/proc/nothing"), undefined);
 * ```
 */
export function tryReadTextFile(path: string): string | undefined {
  try {
    return readTextFile(path);
  } catch {
    return undefined;
  }
}

/** The same bytes in twice the room. */
function larger(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const room = new Uint8Array(2 * bytes.length);
  room.set(bytes);
  return room;
}

/** A file descriptor opened for reading. */
export class OpenFile implements Disposable {
  #fd: number;

  private constructor(fd: number, readonly path: string) {
    this.#fd = fd;
  }

  /**
   * @param options.nonblocking a read that finds nothing gives no bytes instead of waiting
   * @throws {SystemError}
   */
  static open(path: string, options: { nonblocking?: boolean } = {}): OpenFile {
    const flags = O_RDONLY | O_CLOEXEC | (options.nonblocking ? O_NONBLOCK : 0);
    return new OpenFile(check(files().open(cString(path), flags, 0), `open ${path}`), path);
  }

  /**
   * A descriptor that some call has opened, to be closed by this.
   * @param name what it is, for errors
   */
  static from(fd: number, name: string): OpenFile {
    return new OpenFile(fd, name);
  }

  /**
   * A second descriptor of what `fd` stands for, whatever becomes of the first.
   * @throws {SystemError}
   */
  static copyOf(fd: number, name: string): OpenFile {
    return new OpenFile(check(duplication().fcntl(fd, F_DUPFD_CLOEXEC, 0), `keep ${name}`), name);
  }

  /** The descriptor's number, for calls that take one. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * At most `size` bytes; none at the end of the file.
   * @throws {SystemError} a nonblocking file with nothing to read fails with EAGAIN
   */
  read(size: number): Uint8Array<ArrayBuffer> {
    const buffer = new Uint8Array(size);
    const count = check(files().read(this.#fd, buffer, BigInt(size)), `read ${this.path}`);
    return buffer.subarray(0, count);
  }

  /**
   * The rest of the file.
   * @param options.chunk bytes asked for at first
   * @param options.limit bytes that are read at most
   * @throws {SystemError}
   */
  readAll(options: { chunk?: number; limit?: number } = {}): Uint8Array<ArrayBuffer> {
    const { chunk = CHUNK, limit = Infinity } = options;
    let bytes = new Uint8Array(chunk);
    let size = 0;
    while (size < limit) {
      if (size === bytes.length) bytes = larger(bytes);
      const room = bytes.subarray(size, Math.min(bytes.length, limit));
      const count = files().read(this.#fd, room, BigInt(room.length));
      const read = check(count, `read ${this.path}`);
      if (read === 0) break;
      size += read;
    }
    return bytes.subarray(0, size);
  }

  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    files().close(this.#fd);
    this.#fd = -1;
  }
}
