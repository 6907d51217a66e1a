/**
 * The names of flags, in the order of `known`; bits without a name are a number. A flag that has the bits of
 * another one too stands for both if it comes first.
 * @param flags bits, of 32
 * @param known each flag's name and bits
 * @param base of the number
 *
 * @example
 * ```ts
 * import { flagNames } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(flagNames(0x81, [["READ", 1], ["WRITE", 2]]), ["READ", "0x80"]);
 * ```
 */
export function flagNames(
  flags: number,
  known: readonly (readonly [name: string, bits: number])[],
  base: 8 | 16 = 16,
): string[] {
  const names: string[] = [];
  let rest = flags;
  for (const [name, bits] of known) {
    if ((rest & bits) !== (bits | 0)) continue;
    names.push(name);
    rest &= ~bits;
  }
  if (rest !== 0) names.push((base === 8 ? "0" : "0x") + (rest >>> 0).toString(base));
  return names;
}

/** include/uapi/linux/fcntl.h */
const AT_FLAGS: readonly (readonly [name: string, bits: number])[] = [
  ["AT_SYMLINK_NOFOLLOW", 0x100],
  ["AT_EACCESS", 0x200],
  ["AT_SYMLINK_FOLLOW", 0x400],
  ["AT_NO_AUTOMOUNT", 0x800],
  ["AT_EMPTY_PATH", 0x1000],
  ["AT_STATX_FORCE_SYNC", 0x2000],
  ["AT_STATX_DONT_SYNC", 0x4000],
  ["AT_RECURSIVE", 0x8000],
];

/**
 * The names of flags that calls with a descriptor and a path take.
 *
 * @example
 * ```ts
 * import { atFlagNames } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(atFlagNames(0x1000), ["AT_EMPTY_PATH"]);
 * ```
 */
export function atFlagNames(flags: number): string[] {
  return flagNames(flags, AT_FLAGS);
}
