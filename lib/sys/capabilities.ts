import { tryReadTextFile } from "./file.ts";
import { inUserNamespace } from "./user_namespace.ts";

/** Capabilities that BPF asks for, by their bits: include/uapi/linux/capability.h, capabilities(7). */
const BITS = {
  CAP_NET_ADMIN: 12n,
  CAP_SYS_PTRACE: 19n,
  CAP_SYS_ADMIN: 21n,
  CAP_SYS_RESOURCE: 24n,
  CAP_PERFMON: 38n,
  CAP_BPF: 39n,
};

/** A capability that has to do with BPF. */
export type Capability = keyof typeof BITS;

/** Those of them that this process has now (its effective set). */
export function capabilities(): Set<Capability> {
  return capabilitiesIn(tryReadTextFile("/proc/self/status") ?? "");
}

/** @param status the text of /proc/PID/status */
export function capabilitiesIn(status: string): Set<Capability> {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const names = Object.keys(BITS) as Capability[];
  return new Set(names.filter((name) => (effective >> BITS[name] & 1n) === 1n));
}

/**
 * Whether this process may load tracing programs: with CAP_SYS_ADMIN, or from Linux 5.8 on with
 * CAP_BPF and CAP_PERFMON, on the host and not in a user namespace.
 */
export function mayUseBpf(): boolean {
  if (inUserNamespace()) return false;
  const has = capabilities();
  return has.has("CAP_SYS_ADMIN") || has.has("CAP_BPF") && has.has("CAP_PERFMON");
}
