import { check, cString, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";

const links = symbolGroup(libc, {
  // int symlink(const char *target, const char *linkpath)
  symlink: { parameters: ["buffer", "buffer"], result: "i32" },
});

/**
 * Makes a symbolic link.
 * @throws {SystemError} EEXIST if there is something at `path`, which stays as it is
 */
export function symlink(target: string, path: string): void {
  check(links().symlink(cString(target), cString(path)), `make the link ${path}`);
}
