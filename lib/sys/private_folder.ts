import { OpenFile } from "./file.ts";
import { cString, files, ids, lastErrno, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { EEXIST } from "./errno.ts";
import {
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
} from "./open_flags.ts";
import { kindOf, S_IFDIR, S_IFREG, tryFileStatus } from "./status.ts";
import { writeAll } from "./write.ts";

const folders = symbolGroup(libc, {
  // int openat(int dirfd, const char *path, int flags, ...)
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
});

const changes = symbolGroup(libc, {
  // int mkdir(const char *path, mode_t mode)
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  // int renameat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath)
  renameat: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  // int unlinkat(int dirfd, const char *path, int flags)
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
});

/** The permissions of all but the owner: inode(7). */
const FOR_OTHERS = 0o077;

/**
 * A folder that root alone can enter, with files that root alone has written: what is kept in it from run to run
 * can be believed. Whatever else is found in its place is not used. No path is gone twice: all is looked up in
 * the folder that was opened, and asked of the file that was opened.
 */
export class PrivateFolder implements Disposable {
  readonly #folder: OpenFile;

  private constructor(folder: OpenFile) {
    this.#folder = folder;
  }

  /**
   * Opens the folder at `path`.
   * @param create whether to make it if there is none; the folder above it is not made
   * @returns undefined where there is none, it is not such a folder, or this process is not root's
   */
  static open(path: string, { create = false } = {}): PrivateFolder | undefined {
    if (ids().geteuid() !== 0) return undefined;
    if (create) changes().mkdir(cString(path), 0o700);
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    const fd = files().open(cString(path), flags, 0);
    if (fd < 0) return undefined;
    const folder = OpenFile.from(fd, path);
    if (isRootsOwn(fd, S_IFDIR)) return new PrivateFolder(folder);
    folder[Symbol.dispose]();
  }

  /** Opens a file in it; undefined where there is none, or it is not root's alone. */
  openFile(name: string): OpenFile | undefined {
    const flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC; // a FIFO is not waited for
    const fd = folders().openat(this.#folder.fd, cString(name), flags, 0);
    if (fd < 0) return undefined;
    const file = OpenFile.from(fd, `${this.#folder.path}/${name}`);
    if (isRootsOwn(fd, S_IFREG)) return file;
    file[Symbol.dispose]();
  }

  /**
   * Writes a file into it, which is there as a whole or not at all, in the place of what has this name.
   * @returns whether it could
   */
  write(name: string, bytes: Uint8Array<ArrayBuffer>): boolean {
    const { fd } = this.#folder;
    const draft = cString(`.${name}.${Deno.pid}`);
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    let file = folders().openat(fd, draft, flags, 0o600);
    if (file < 0 && lastErrno() === EEXIST) {
      // of a process that had this id before and was ended while it wrote
      changes().unlinkat(fd, draft, 0);
      file = folders().openat(fd, draft, flags, 0o600);
    }
    if (file < 0) return false;
    try {
      writeAll(file, bytes);
      if (changes().renameat(fd, draft, fd, cString(name)) === 0) return true;
    } catch {
      // a full file system: what was written goes
    } finally {
      files().close(file);
    }
    changes().unlinkat(fd, draft, 0);
    return false;
  }

  /** Removes a file in it, if there is one. */
  remove(name: string): void {
    changes().unlinkat(this.#folder.fd, cString(name), 0);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

/** Whether what is open is of this kind, belongs to root, and is closed to all others. */
function isRootsOwn(fd: number, kind: number): boolean {
  const status = tryFileStatus(fd);
  return status?.uid === 0 && kindOf(status) === kind && (status.mode & FOR_OTHERS) === 0;
}
