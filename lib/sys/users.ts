import { cString, passwords } from "./libc.ts";

/** Offset of `uid_t pw_uid` in glibc's `struct passwd`: behind the two pointers pw_name and pw_passwd. */
const PW_UID = 16;

/** The user id of a user's name (getpwnam(3), so LDAP and the like count too), or undefined. */
export function userId(name: string): number | undefined {
  const entry = passwords().getpwnam(cString(name));
  return entry === null ? undefined : new Deno.UnsafePointerView(entry).getUint32(PW_UID);
}
