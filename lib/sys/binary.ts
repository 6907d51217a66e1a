import { getenv } from "./environment.ts";
import { ENOENT, SystemError } from "./errno.ts";
import { fileExists } from "./status.ts";
import { LIBRARY_FOLDERS } from "./library.ts";

/**
 * The path of a program or a shared library that is named as a shell or the loader would find it:
 * `bash`, `libc.so.6`. What has a slash is a path already.
 * @throws {SystemError} ENOENT if there is none
 */
export function findBinary(name: string): string {
  if (name.includes("/")) return name;
  const path = getenv("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const libraries = getenv("LD_LIBRARY_PATH")?.split(":") ?? [];
  const folders = /\.so(\.|$)/.test(name) ? [...libraries, ...LIBRARY_FOLDERS] : path.split(":");
  const found = folders.map((folder) => `${folder}/${name}`).find(fileExists);
  if (found !== undefined) return found;
  throw new SystemError(ENOENT, `find ${name} in ${folders.join(":")}`);
}
