/** Names of system calls, by their numbers, which differ between architectures. */
import { ARM, ARM64, I386, X86_64 } from "./syscall_tables.ts";

/** The ways to make system calls on the hosts that this project runs on, each with its own numbers. */
export type Abi = "x86_64" | "x32" | "i386" | "arm64" | "arm";

const TABLES: Record<Abi, string> = {
  x86_64: X86_64,
  x32: X86_64,
  i386: I386,
  arm64: ARM64,
  arm: ARM,
};

/**
 * The ABI of this host's 64-bit programs.
 *
 * @example
 * ```ts
 * import { NATIVE_ABI, syscallName } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(syscallName(NATIVE_ABI, 100_000), "[unknown: 100000]");
 * ```
 */
export const NATIVE_ABI: Abi = Deno.build.arch === "aarch64" ? "arm64" : "x86_64";

/**
 * The ABI of 32-bit programs on this host.
 *
 * @example
 * ```ts
 * import { COMPAT_ABI, syscallNumbers } from "@denobpf/denobpf/tool";
 *
 * console.log(`a 32-bit program calls execve by ${syscallNumbers(COMPAT_ABI, "execve")}`);
 * ```
 */
export const COMPAT_ABI: Abi = Deno.build.arch === "aarch64" ? "arm" : "i386";

/** From here on numbers are x32's own. */
const X32_NUMBERS = 512;

const parsed = new Map<Abi, Map<number, string>>();

/**
 * The system calls of an ABI, by number.
 *
 * @example
 * ```ts
 * import { NATIVE_ABI, syscalls } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...syscalls(NATIVE_ABI)].some(([, name]) => name === "openat"), true);
 * ```
 */
export function syscalls(abi: Abi): ReadonlyMap<number, string> {
  const known = parsed.get(abi) ?? parse(TABLES[abi]);
  if (abi === "x86_64") { for (const nr of known.keys()) if (nr >= X32_NUMBERS) known.delete(nr); }
  parsed.set(abi, known);
  return known;
}

/**
 * `openat` for 257 on x86-64; a number that this table does not know is `[unknown: 9999]`.
 *
 * @example
 * ```ts
 * import { NATIVE_ABI, syscallName, syscallNumbers } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(syscallName(NATIVE_ABI, syscallNumbers(NATIVE_ABI, "openat")[0]), "openat");
 * ```
 */
export function syscallName(abi: Abi, number: number): string {
  return syscalls(abi).get(number) ?? `[unknown: ${number}]`;
}

/**
 * Every number of a name; x32 has some calls twice.
 *
 * @example
 * ```ts
 * import { NATIVE_ABI, syscallNumbers } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(syscallNumbers(NATIVE_ABI, "no_such_call"), []);
 * ```
 */
export function syscallNumbers(abi: Abi, name: string): number[] {
  return [...syscalls(abi)].filter(([, known]) => known === name).map(([number]) => number);
}

/** Names in the order of their numbers, with a number before those that do not go on. */
function parse(table: string): Map<number, string> {
  const names = new Map<number, string>();
  let next = 0;
  for (const word of table.trim().split(/\s+/)) {
    if (/^\d+$/.test(word)) next = Number(word);
    else names.set(next++, word);
  }
  return names;
}
