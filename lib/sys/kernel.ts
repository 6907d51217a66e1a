/** What the running kernel is, and what it is set to allow. */
import { getenv } from "./environment.ts";
import { OpenFile, tryReadTextFile } from "./file.ts";
import { fileExists } from "./status.ts";

/** The kernel's version as `uname -r` gives it: `6.1.0-18-amd64`. */
export function kernelRelease(): string {
  return read("/proc/sys/kernel/osrelease") ?? "";
}

/** Whether the kernel calls itself this version or a later one; backports are not in the number. */
export function kernelIsAtLeast(major: number, minor: number): boolean {
  const [ownMajor, ownMinor] = kernelRelease().split(".").map((part) => parseInt(part));
  return ownMajor > major || ownMajor === major && ownMinor >= minor;
}

/** Where the kernel shows its types. */
export const BTF_PATH = "/sys/kernel/btf/vmlinux";

/**
 * Whether the kernel shows its types, on which CO-RE and tp_btf programs stand.
 *
 * @example
 * ```ts
 * import { hasBtf } from "@denobpf/denobpf/tool";
 *
 * if (!hasBtf()) console.log("this kernel does not describe its types");
 * ```
 */
export function hasBtf(): boolean {
  return fileExists(BTF_PATH);
}

let named: string | undefined;

/** Names a file of the kernel's types, in the place of `DENOBPF_BTF`. */
export function nameBtfFile(path: string): void {
  named = path;
}

/** The file that objects are relocated by instead of the kernel's own types, if one is named. */
export function btfFile(): string | undefined {
  return named ?? getenv("DENOBPF_BTF");
}

/**
 * The kernel's lockdown level: `none`, `integrity` or `confidentiality`; undefined where it has no
 * lockdown, or securityfs is not mounted. See kernel_lockdown(7).
 */
export function lockdown(): string | undefined {
  return /\[(\w+)\]/.exec(read("/sys/kernel/security/lockdown") ?? "")?.[1];
}

/**
 * `kernel.unprivileged_bpf_disabled`: 0 for what anybody may use of BPF, 1 for nothing until the next
 * boot, 2 for nothing until it is set to another value. Undefined where the kernel has no such setting.
 */
export function unprivilegedBpfDisabled(): number | undefined {
  return number("/proc/sys/kernel/unprivileged_bpf_disabled");
}

/**
 * `net.core.bpf_jit_enable`: 0 for programs that are interpreted, 1 for compiled ones, 2 for those with
 * a dump of their code in the kernel's log. Undefined where it cannot be read: it is root's.
 */
export function bpfJit(): number | undefined {
  return number("/proc/sys/net/core/bpf_jit_enable");
}

/**
 * `kernel.perf_event_paranoid`: from 3 on, which Debian and Ubuntu have added, CAP_PERFMON is not enough
 * for perf events, on which tracepoints, kprobes and uprobes stand. Undefined where it cannot be read.
 */
export function perfEventParanoid(): number | undefined {
  return number("/proc/sys/kernel/perf_event_paranoid");
}

/** This process's limit on locked memory in bytes, or Infinity. */
export function memlockLimit(): number {
  return limit("Max locked memory");
}

/** How many more files this process may open, or Infinity; each open one has the lowest number there is. */
export function filesLeft(): number {
  using file = OpenFile.open("/dev/null");
  return limit("Max open files") - file.fd;
}

/** Whether BPF maps and programs count against that limit: before Linux 5.11 they do. */
export function chargesMemlock(): boolean {
  return !kernelIsAtLeast(5, 11);
}

/** A soft limit of this process, by its name in proc_pid_limits(5). */
function limit(name: string): number {
  const limits = read("/proc/self/limits") ?? "";
  return Number(new RegExp(`^${name}\\s+(\\d+)`, "m").exec(limits)?.[1] ?? Infinity);
}

function read(path: string): string | undefined {
  return tryReadTextFile(path)?.trim();
}

function number(path: string): number | undefined {
  const text = read(path);
  return text === undefined ? undefined : Number(text);
}
