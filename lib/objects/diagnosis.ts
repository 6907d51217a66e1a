/**
 * Why the kernel refuses: an errno says little (EPERM has at least five causes, and libbpf blames
 * RLIMIT_MEMLOCK for all of them), so the host is asked.
 */
import { EACCES, EINVAL, ENOENT, ENOMEM, EPERM, ESRCH } from "../sys/errno.ts";
import { mayUseBpf } from "../sys/capabilities.ts";
import { geteuid } from "../sys/environment.ts";
import { BTF_PATH, chargesMemlock, hasBtf, lockdown, memlockLimit } from "../sys/kernel.ts";
import { BpfError, PermissionError, UnsupportedError, VerifierError } from "./errors.ts";

/** What to do about a host that lacks something. */
export const HINTS = {
  btf:
    "a kernel built with CONFIG_DEBUG_INFO_BTF=y is needed; distributions do so from about 5.8 on",
  lockdown:
    "lockdown=confidentiality forbids BPF to read kernel memory: boot with lockdown=integrity or none",
  memlock: "raise the limit on locked memory: ulimit -l unlimited",
};

/**
 * The error for an operation that failed with `errno`, with the cause as far as the host tells.
 * @param log what libbpf said meanwhile
 */
export function explain(operation: string, errno: number, log = ""): BpfError {
  const denied = errno === EPERM || errno === EACCES;
  if (denied && !mayUseBpf()) return new PermissionError(operation, errno, privilegeHint());
  const rejected = verifierLog(log);
  if ((denied || rejected !== undefined) && lockdown() === "confidentiality") {
    return new PermissionError(operation, errno, HINTS.lockdown, "the kernel is locked down");
  }
  if (rejected !== undefined) {
    return new VerifierError(operation, errno, rejected.program, rejected.log);
  }
  if ((errno === EPERM || errno === ENOMEM) && memlockIsLow()) {
    return new BpfError(operation, errno, HINTS.memlock);
  }
  if ((errno === ENOENT || errno === EINVAL || errno === ESRCH) && !hasBtf()) {
    return new UnsupportedError(
      operation,
      errno,
      `BTF (${BTF_PATH} is missing)`,
      undefined,
      HINTS.btf,
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

/** What to do about a process that may not use BPF. */
export function privilegeHint(): string {
  return geteuid() === 0
    ? "this root lacks capabilities (a container?): it needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN"
    : "run it as root (sudo), or with CAP_BPF and CAP_PERFMON";
}

/** Whether maps count against a limit on locked memory here. */
export function memlockIsLow(): boolean {
  return chargesMemlock() && memlockLimit() !== Infinity;
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
