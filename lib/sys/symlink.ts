import { check, cString, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";
import { decodeText } from "./text.ts";

const links = symbolGroup(libc, {
  // int symlink(const char *target, const char *linkpath)
  symlink: { parameters: ["buffer", "buffer"], result: "i32" },
});

const reading = symbolGroup(libc, {
  // ssize_t readlink(const char *path, char *buf, size_t bufsiz)
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
});

const PATH_MAX = 4096;

/** Where a symbolic link leads; undefined if there is none. */
export function readLink(path: string): string | undefined {
  const target = new Uint8Array(PATH_MAX);
  const length = reading().readlink(cString(path), target, BigInt(PATH_MAX));
  return length < 0 ? undefined : decodeText(target, 0, Number(length));
}

/**
 * Makes a symbolic link.
 * @throws {SystemError} EEXIST if there is something at `path`, which stays as it is
 */
export function symlink(target: string, path: string): void {
  check(links().symlink(cString(target), cString(path)), `make the link ${path}`);
}
