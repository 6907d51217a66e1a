/** Names of capabilities by their numbers, from 0 on: include/uapi/linux/capability.h, capabilities(7). */
const NAMES =
  ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE " +
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT " +
    "SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE " +
    "AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ " +
    "PERFMON BPF CHECKPOINT_RESTORE").split(" ");

/**
 * `CAP_SYS_ADMIN` for 21; the number itself for a capability that has no name here.
 *
 * @example
 * ```ts
 * import { capabilityName } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(capabilityName(21), "CAP_SYS_ADMIN");
 * assertEquals(capabilityName(63), "63");
 * ```
 */
export function capabilityName(capability: number): string {
  return capability in NAMES ? `CAP_${NAMES[capability]}` : String(capability);
}

/** 21 for `CAP_SYS_ADMIN`, `SYS_ADMIN` and `sys_admin`; undefined for what is no name. */
export function capabilityNumber(name: string): number | undefined {
  const at = NAMES.indexOf(name.toUpperCase().replace(/^CAP_/, ""));
  return at < 0 ? undefined : at;
}
