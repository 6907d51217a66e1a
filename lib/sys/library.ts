/**
 * Shared libraries, opened a few symbols at a time. Deno compiles a trampoline for every symbol that
 * is opened (0.1 to 0.3 ms each), so symbols are declared in small groups, and a group is opened when
 * one of its functions is first called.
 */
import { EMFILE, SystemError } from "./errno.ts";

/** The functions of a group; one that was declared `optional` is null where the library lacks it. */
export type Symbols<S extends Deno.ForeignLibraryInterface> = Deno.StaticForeignLibraryInterface<S>;

/**
 * Declares a group of symbols of one library.
 * @param path where the library is; asked when the group is first used
 * @returns a function that gives the opened symbols
 */
export function symbolGroup<const S extends Deno.ForeignLibraryInterface>(
  path: () => string,
  symbols: S,
): () => Symbols<S> {
  let opened: Symbols<S> | undefined;
  return () => opened ??= Deno.dlopen(path(), symbols).symbols;
}

/** Where the loader keeps shared libraries: Debian's multiarch folders, then those of the others. */
export const LIBRARY_FOLDERS = Deno.build.arch === "aarch64"
  ? ["/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"]
  : ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"];

/**
 * The absolute path of the first of `names` that can be opened, or its bare name where only the
 * loader's own search finds it. Absolute paths come first because Deno's permission prompt grants a
 * path: a bare name would be refused again after the prompt.
 * @param names sonames, the preferred one first
 * @returns undefined if there is none
 */
export function findLibrary(names: readonly string[]): string | undefined {
  for (const name of names) {
    for (const path of [...LIBRARY_FOLDERS.map((folder) => `${folder}/${name}`), name]) {
      if (canOpen(path)) return path;
    }
  }
}

/**
 * Whether the loader accepts the library at `path`. The library stays open: nearly always the next
 * thing is to use it.
 * @throws {Deno.errors.NotCapable} without --allow-ffi
 * @throws {SystemError} EMFILE
 */
export function canOpen(path: string): boolean {
  try {
    Deno.dlopen(path, {});
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    if (/Too many open files/.test(String(error))) throw new SystemError(EMFILE, `open ${path}`);
    return false;
  }
}
