/**
 * Why the kernel refuses: an errno says little (EPERM has at least five causes, and libbpf blames
 * RLIMIT_MEMLOCK for all of them), so the host is asked.
 */
import { geteuid } from "../sys/environment.ts";
import { fileExists, tryReadTextFile } from "../sys/file.ts";
import { BpfError, PermissionError, UnsupportedError, VerifierError } from "./errors.ts";

const EPERM = 1;
const ENOENT = 2;
const ENOMEM = 12;
const EACCES = 13;
const EINVAL = 22;

/** Bits of include/uapi/linux/capability.h. */
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

/**
 * The error for an operation that failed with `errno`, with the cause as far as the host tells.
 * @param log what libbpf said meanwhile
 */
export function explain(operation: string, errno: number, log = ""): BpfError {
  const denied = errno === EPERM || errno === EACCES;
  if (denied && !mayUseBpf()) return new PermissionError(operation, errno, privilegeHint());
  const rejected = verifierLog(log);
  if (rejected !== undefined) {
    return new VerifierError(operation, errno, rejected.program, rejected.log);
  }
  if (denied && lockdown() === "confidentiality") {
    return new PermissionError(
      operation,
      errno,
      "kernel lockdown forbids BPF to read kernel memory: boot with lockdown=integrity or none",
    );
  }
  if ((errno === EPERM || errno === ENOMEM) && lowMemlock()) {
    return new BpfError(operation, errno, "raise the limit on locked memory: ulimit -l unlimited");
  }
  if ((errno === ENOENT || errno === EINVAL || errno === 3) && !hasBtf()) {
    return new UnsupportedError(
      operation,
      errno,
      "BTF (/sys/kernel/btf/vmlinux is missing)",
      undefined,
      "a kernel built with CONFIG_DEBUG_INFO_BTF=y is needed; distributions do so from about 5.8 on",
    );
  }
  if (denied) {
    const program = lastProgram(log);
    return new UnsupportedError(
      operation,
      errno,
      program === undefined ? "permission for this" : `support for programs such as ${program}`,
      undefined,
      "this process is privileged and there is no lockdown: the kernel's configuration forbids it",
    );
  }
  return new BpfError(operation, errno, lastLine(log));
}

/** Whether this process has the capabilities that loading tracing programs takes. */
export function mayUseBpf(): boolean {
  const effective = effectiveCapabilities();
  const has = (bit: bigint) => (effective >> bit & 1n) === 1n;
  return has(CAP_SYS_ADMIN) || has(CAP_BPF) && has(CAP_PERFMON);
}

function effectiveCapabilities(): bigint {
  const status = tryReadTextFile("/proc/self/status") ?? "";
  return BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
}

function privilegeHint(): string {
  return geteuid() === 0
    ? "this root lacks capabilities (a container?): it needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN"
    : "run it as root (sudo), or with CAP_BPF and CAP_PERFMON";
}

/** The kernel's lockdown level, the word in brackets; `none` where it has no lockdown. */
function lockdown(): string {
  const levels = tryReadTextFile("/sys/kernel/security/lockdown") ?? "";
  return /\[(\w+)\]/.exec(levels)?.[1] ?? "none";
}

/** Whether maps count against RLIMIT_MEMLOCK here (before 5.11) and it is not unlimited. */
function lowMemlock(): boolean {
  const release = tryReadTextFile("/proc/sys/kernel/osrelease") ?? "";
  const [major, minor] = release.split(".").map(Number);
  if (major > 5 || major === 5 && minor >= 11) return false;
  const limits = tryReadTextFile("/proc/self/limits") ?? "";
  return !/^Max locked memory\s+unlimited/m.test(limits);
}

/** Whether the kernel tells its types, on which CO-RE and tp_btf programs stand. */
export function hasBtf(): boolean {
  return fileExists("/sys/kernel/btf/vmlinux");
}

/**
 * The verifier's log within libbpf's, and the program it is of. libbpf prints a log between these two
 * markers, the same in all versions from 0.7 on.
 */
function verifierLog(log: string): { program: string; log: string } | undefined {
  const begin = log.lastIndexOf("-- BEGIN PROG LOAD LOG --");
  if (begin < 0) return undefined;
  const end = log.indexOf("-- END PROG LOAD LOG --", begin);
  const text = log.slice(log.indexOf("\n", begin) + 1, end < 0 ? undefined : end).trim();
  if (text === "") return undefined;
  return { program: lastProgram(log.slice(0, begin)) ?? "(unknown)", log: text };
}

/** libbpf begins what it says of a program with `prog 'name': `. */
function lastProgram(log: string): string | undefined {
  return [...log.matchAll(/prog '([^']+)': /g)].at(-1)?.[1];
}

function lastLine(log: string): string | undefined {
  const line = log.trim().split("\n").at(-1);
  return line === "" ? undefined : line;
}
