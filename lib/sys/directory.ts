import { OpenFile } from "./file.ts";
import { check, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";

const listing = symbolGroup(libc, {
  // ssize_t getdents64(int fd, void *dirp, size_t count)
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "i32" },
});

/** `struct linux_dirent64` of include/linux/dirent.h: offsets in bytes. */
const D_RECLEN = 16;
const D_TYPE = 18;
const D_NAME = 19;
const DT_DIR = 4;

const CHUNK = 32 * 1024;

/** What is in a directory. */
export interface Entry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/**
 * Reads a directory of /proc, /sys or another place where Deno's own functions ask for --allow-all;
 * `.` and `..` are left out.
 * @throws {SystemError}
 */
export function readDirectory(path: string): Entry[] {
  using directory = OpenFile.open(path);
  const buffer = new Uint8Array(CHUNK);
  const entries: Entry[] = [];
  for (;;) {
    const result = listing().getdents64(directory.fd, buffer, BigInt(CHUNK));
    const size = check(result, `list ${path}`);
    if (size === 0) return entries;
    entries.push(...entriesIn(buffer.subarray(0, size)));
  }
}

/** {@link readDirectory}, or nothing where the directory is missing or closed to us. */
export function tryReadDirectory(path: string): Entry[] {
  try {
    return readDirectory(path);
  } catch {
    return [];
  }
}

function entriesIn(bytes: Uint8Array<ArrayBuffer>): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const decoder = new TextDecoder();
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; at += view.getUint16(at + D_RECLEN, true)) {
    const name = decoder.decode(bytes.subarray(at + D_NAME, bytes.indexOf(0, at + D_NAME)));
    if (name === "." || name === "..") continue;
    entries.push({ name, isDirectory: bytes[at + D_TYPE] === DT_DIR });
  }
  return entries;
}
