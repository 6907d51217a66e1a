/**
 * The typedefs of bpf/include/kinds.h by which C says what a member means, each with what its members are
 * unless a tool says more. lib/tool/members/c_kinds.ts has how they are shown.
 *
 * @example
 * ```ts
 * import { KINDS } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(KINDS.pid, "Process");
 * ```
 */
export const KINDS = {
  boot_ns: "When it happened",
  duration_ns: "How long it took, in nanoseconds",
  pid: "Process",
  tid: "Thread",
  uid: "User",
  gid: "Group",
  comm: "Name of the thread",
  cgroup_id: "Cgroup (v2), by the inode number of its folder",
  ns_inum: "Namespace, by its inode number",
  cpu_nr: "CPU",
  syscall_nr: "Number of the system call",
  errno_ret: "0 or more, or a negative errno",
  signal_nr: "Signal",
  open_flags: "Flags of open(2)",
  file_mode: "Type and permissions of the file",
  dev: "Device, as major and minor number",
  ino: "Inode number",
  byte_count: "Bytes",
  ip_addr: "Address",
  port: "Port",
} as const;

/** The name of such a typedef. */
export type KindName = keyof typeof KINDS;

/** A member of a struct whose kind C says, and how it is read from a record. */
export interface Kinded<Name extends KindName, R> {
  /** The typedef. */
  readonly kind: Name;
  /** What lies in the record; of text its cursor. */
  read(record: R): unknown;
}

/** For generated skeletons: a member of this kind. */
export function kinded<Name extends KindName, R>(
  kind: Name,
  read: (record: R) => unknown,
): Kinded<Name, R> {
  return { kind, read };
}
