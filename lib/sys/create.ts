import { EEXIST, SystemError } from "./errno.ts";
import { check, cString, files, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { O_CLOEXEC, O_CREAT, O_EXCL, O_WRONLY } from "./open_flags.ts";
import { writeAll } from "./write.ts";

const directories = symbolGroup(libc, {
  // int rename(const char *oldpath, const char *newpath)
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
  // int mkdir(const char *path, mode_t mode)
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
});

/**
 * Writes a new file.
 * @param mode its permissions, of which the umask takes some
 * @throws {SystemError} EEXIST if there is one already, which stays as it is
 */
export function createFile(path: string, text: string, mode = 0o666): void {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  const fd = check(files().open(cString(path), flags, mode), `create ${path}`);
  try {
    writeAll(fd, new TextEncoder().encode(text));
  } finally {
    files().close(fd);
  }
}

/**
 * Writes a file in the place of one that may be there: a reader sees all of the old or all of the new one. The
 * text is in `PATH.new` first, which must not exist.
 * @throws {SystemError}
 */
export function replaceFile(path: string, text: string): void {
  createFile(`${path}.new`, text);
  check(directories().rename(cString(`${path}.new`), cString(path)), `replace ${path}`);
}

/**
 * Makes a directory and those above it, as far as they are missing.
 * @throws {SystemError}
 */
export function makeDirectory(path: string): void {
  const above = path.replace(/\/+$/, "").replace(/[^/]*$/, "");
  if (above !== "" && above !== "/" && above !== path) makeDirectory(above);
  try {
    check(directories().mkdir(cString(path), 0o777), `make the directory ${path}`);
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== EEXIST) throw error;
  }
}
