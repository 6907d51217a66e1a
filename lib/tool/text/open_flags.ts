/** Names of the flags of open(2). */
import { flagNames } from "./flag_names.ts";

/** The access modes, by their number: the lowest two bits. */
const ACCESS = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"];

/** include/uapi/asm-generic/fcntl.h; arm64 has four of its own, arch/arm64/include/uapi/asm/fcntl.h. */
const ARM64 = Deno.build.arch === "aarch64";
const FLAGS: readonly (readonly [name: string, bits: number])[] = [
  ["O_CREAT", 0o100],
  ["O_EXCL", 0o200],
  ["O_NOCTTY", 0o400],
  ["O_TRUNC", 0o1000],
  ["O_APPEND", 0o2000],
  ["O_NONBLOCK", 0o4000],
  ["O_SYNC", 0o4010000],
  ["O_DSYNC", 0o10000],
  ["O_ASYNC", 0o20000],
  ["O_DIRECT", ARM64 ? 0o200000 : 0o40000],
  ["O_LARGEFILE", ARM64 ? 0o400000 : 0o100000],
  ["O_TMPFILE", ARM64 ? 0o20040000 : 0o20200000],
  ["O_DIRECTORY", ARM64 ? 0o40000 : 0o200000],
  ["O_NOFOLLOW", ARM64 ? 0o100000 : 0o400000],
  ["O_NOATIME", 0o1000000],
  ["O_CLOEXEC", 0o2000000],
  ["O_PATH", 0o10000000],
];

/**
 * All names there are.
 *
 * @example
 * ```ts
 * import { choice, list, OPEN_FLAGS } from "@denobpf/denobpf/tool";
 *
 * const options = { flags: list("f", "FLAG,...", "Only these flags", choice(...OPEN_FLAGS)) };
 * ```
 */
export const OPEN_FLAGS: readonly string[] = [
  ...ACCESS.slice(0, 3),
  ...FLAGS.map(([name]) => name),
];

/** The number of a flag by its name. */
export function openFlag(name: string): number | undefined {
  const access = ACCESS.indexOf(name);
  return access >= 0 ? access : FLAGS.find(([known]) => known === name)?.[1];
}

/**
 * The names of flags, the access mode first; bits without a name are a number. A flag that has the bits of
 * another one too stands for both: `O_SYNC` for `O_DSYNC`.
 *
 * @example
 * ```ts
 * import { openFlagNames } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(openFlagNames(0o102), ["O_RDWR", "O_CREAT"]);
 * ```
 */
export function openFlagNames(flags: number): string[] {
  return [ACCESS[flags & 3], ...flagNames(flags & ~3, FLAGS, 8)];
}
