/**
 * Shared libraries, opened a few symbols at a time: a group is opened when one of its functions is first
 * called.
 */
import { EMFILE, SystemError } from "./errno.ts";
import { integer, isIntegerType } from "./integers.ts";

/** The functions of a group; one that was declared `optional` is null where the library lacks it. */
export type Symbols<S extends Deno.ForeignLibraryInterface> = Deno.StaticForeignLibraryInterface<S>;

/**
 * Declares a group of functions of one library that are called now and then.
 * @param path where the library is; asked when the group is first used
 * @returns a function that gives the opened symbols
 */
export function symbolGroup<const S extends Deno.ForeignLibraryInterface>(
  path: () => string,
  symbols: S,
): () => Symbols<S> {
  let opened: Symbols<S> | undefined;
  return () => opened ??= openUncompiled(path(), symbols) as Symbols<S>;
}

/**
 * The same for functions that are called for every event or entry. For each of them Deno compiles a
 * trampoline that optimised code jumps through: 0.1 to 0.3 ms, be it ever called or not.
 */
export function hotSymbols<const S extends Deno.ForeignLibraryInterface>(
  path: () => string,
  symbols: S,
): () => Symbols<S> {
  let opened: Symbols<S> | undefined;
  return () => opened ??= Deno.dlopen(path(), symbols).symbols;
}

/**
 * Deno compiles no trampoline for a function that takes a struct. So each is declared with one more
 * parameter than it has, which lies where it never looks: in C's calling conventions for Linux (the
 * psABI of x86-64, the AAPCS64) arguments have their places from the first one on, and the caller
 * removes those on the stack. One that runs on another thread has no trampoline in any case.
 */
const UNSEEN = { struct: ["u8"] } as const;
const NOTHING = new Uint8Array(1);

type Call = (...args: unknown[]) => unknown;

function openUncompiled(
  path: string,
  symbols: Deno.ForeignLibraryInterface,
): Record<string, unknown> {
  const declared = { ...symbols };
  const slow: [name: string, parameters: readonly unknown[]][] = [];
  for (const [name, symbol] of Object.entries(symbols)) {
    if ("type" in symbol || symbol.nonblocking) continue; // a variable; or what another thread runs
    declared[name] = { ...symbol, parameters: [...symbol.parameters, UNSEEN] };
    slow.push([name, symbol.parameters]);
  }
  const opened: Record<string, unknown> = { ...Deno.dlopen(path, declared).symbols };
  for (const [name, parameters] of slow) {
    const call = opened[name] as Call | null; // null: optional, and not there
    if (call !== null) opened[name] = checked(name, parameters, call);
  }
  return opened;
}

/** A function that refuses numbers which its parameters cannot hold: FFI would cut them. */
function checked(name: string, parameters: readonly unknown[], call: Call): Call {
  const numbers = parameters.flatMap((type, at) => isIntegerType(type) ? [{ type, at }] : []);
  return (...args) => {
    for (const { type, at } of numbers) {
      args[at] = integer(type, args[at] as number | bigint, `${name}()`);
    }
    return call(...args, NOTHING);
  };
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
