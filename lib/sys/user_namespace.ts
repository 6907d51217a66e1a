import { readLink } from "./symlink.ts";

/** The inode of the first user namespace: PROC_USER_INIT_INO of include/linux/proc_ns.h. */
const FIRST = "user:[4026531837]";

/**
 * Whether this process is in a user namespace of its own, as in a container without root: its root and
 * its capabilities are of that namespace, and the kernel asks for those of the host. user_namespaces(7).
 */
export function inUserNamespace(): boolean {
  const namespace = readLink("/proc/self/ns/user");
  return namespace !== undefined && namespace !== FIRST;
}
