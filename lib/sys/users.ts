import { cString, passwords, passwordsById } from "./libc.ts";

/** Offsets in glibc's `struct passwd`: `char *pw_name`, and `uid_t pw_uid` behind `char *pw_passwd`. */
const PW_NAME = 0;
const PW_UID = 16;

/** The user id of a user's name (getpwnam(3), so LDAP and the like count too), or undefined. */
export function userId(name: string): number | undefined {
  const entry = passwords().getpwnam(cString(name));
  return entry === null ? undefined : new Deno.UnsafePointerView(entry).getUint32(PW_UID);
}

/** (uid_t) -1: what the kernel has for an id that was never set. */
const UNSET = 0xffff_ffff;

/**
 * An id of a user, group or audit session; undefined if it was never set.
 *
 * @example
 * ```ts
 * import { idIfSet } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([0, 0xffff_ffff].map(idIfSet), [0, undefined]);
 * ```
 */
export function idIfSet(id: number): number | undefined {
  return id === UNSET ? undefined : id;
}

const names = new Map<number, string | undefined>();

/**
 * The name of a user id (getpwuid(3)), or undefined. Names are asked for once: events come many to a
 * second.
 *
 * @example
 * ```ts
 * import { userName } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(userName(0), "root");
 * ```
 */
export function userName(id: number): string | undefined {
  if (!names.has(id)) {
    const entry = passwordsById().getpwuid(id);
    const name = entry && new Deno.UnsafePointerView(entry).getPointer(PW_NAME);
    names.set(id, name === null ? undefined : Deno.UnsafePointerView.getCString(name));
  }
  return names.get(id);
}
