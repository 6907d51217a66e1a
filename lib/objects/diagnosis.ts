/**
 * Why the kernel refuses: an errno says little (EPERM has at least five causes, and libbpf blames
 * RLIMIT_MEMLOCK for all of them), so the host is asked.
 */
import {
  E2BIG,
  EACCES,
  EBUSY,
  EEXIST,
  EINVAL,
  EMFILE,
  ENOENT,
  ENOMEM,
  ENOSYS,
  EPERM,
  ESRCH,
} from "../sys/errno.ts";
import { capabilities, mayUseBpf } from "../sys/capabilities.ts";
import { geteuid } from "../sys/environment.ts";
import { tryReadTextFile } from "../sys/file.ts";
import {
  BTF_PATH,
  btfFile,
  chargesMemlock,
  filesLeft,
  hasBtf,
  kernelIsAtLeast,
  kernelRelease,
  lockdown,
  memlockLimit,
  perfEventParanoid,
} from "../sys/kernel.ts";
import { hasSeccompFilter, seccompForbidsBpf } from "../sys/seccomp.ts";
import { inUserNamespace } from "../sys/user_namespace.ts";
import { errorName } from "../libbpf/error.ts";
import { BpfError, PermissionError, UnsupportedError, VerifierError } from "./errors.ts";
import { faultOfHook } from "./hooks.ts";
import { type MapSizes, misfit } from "./misfit.ts";
import type { ProgramType } from "./program_types.ts";

/** What to do about a host that lacks something. */
export const HINTS = {
  btf:
    "a kernel built with CONFIG_DEBUG_INFO_BTF=y is needed; distributions do so from about 5.8 on. " +
    "For an older one name a file of its types with --btf or DENOBPF_BTF: BTFHub has many",
  lockdown:
    "lockdown=confidentiality forbids BPF to read kernel memory: boot with lockdown=integrity or none",
  memlock: "raise the limit on locked memory: ulimit -l unlimited",
  files: "raise the limit on open files: ulimit -n 1024",
  perf: "run it as root, or with CAP_SYS_ADMIN; or let CAP_PERFMON do: " +
    "sysctl kernel.perf_event_paranoid=2",
  seccomp: "let the seccomp profile of this container or service allow bpf and perf_event_open; " +
    "Docker and podman take one with --security-opt seccomp=FILE",
  option:
    "declare it __weak, which makes it 0 then; or name its value when the object is opened: " +
    "`kconfig`",
  pin: "pins must lie on a bpf file system (as root: mount -t bpf bpf /sys/fs/bpf)",
};

/** An object, its maps and what libbpf tries out take some thirty files. */
const FEW_FILES = 32;

/**
 * The error for an operation that failed with `errno`, with the cause as far as the host says.
 * @param log what libbpf said meanwhile
 */
export function explain(operation: string, errno: number, log = ""): BpfError {
  const denied = errno === EPERM || errno === EACCES;
  if (errno === EMFILE) return new BpfError(operation, errno, HINTS.files);
  if (denied && !mayUseBpf()) return new PermissionError(operation, errno, privilegeHint());
  if ((denied || errno === ENOSYS) && seccompForbidsBpf()) {
    const reason = `a seccomp filter forbids bpf(2) to this process (${errorName(errno)})`;
    return new PermissionError(operation, errno, HINTS.seccomp, reason);
  }
  const rejected = verifierLog(log);
  if ((denied || rejected !== undefined) && lockdown() === "confidentiality") {
    return new PermissionError(operation, errno, HINTS.lockdown, "the kernel is locked down");
  }
  if (log.includes("failed to parse target BTF")) {
    const reason = `there is no BTF in ${btfFile() ?? "the file that btf_custom_path names"}`;
    return new BpfError(operation, errno, HINTS.btf, reason);
  }
  if (rejected !== undefined) {
    // What libbpf tries out, to see what the kernel can, it takes for missing when it has no file for it.
    if (filesLeft() < FEW_FILES) return new BpfError(operation, EMFILE, HINTS.files);
    return new VerifierError(operation, errno, rejected.program, rejected.log);
  }
  if ((errno === EPERM || errno === ENOMEM) && memlockIsLow()) {
    return new BpfError(operation, errno, HINTS.memlock);
  }
  if ((errno === ENOENT || errno === EINVAL || errno === ESRCH) && !btfFile() && !hasBtf()) {
    return new UnsupportedError(
      operation,
      errno,
      `BTF (${BTF_PATH} is missing)`,
      undefined,
      HINTS.btf,
    );
  }
  if (denied && hasSeccompFilter()) {
    const reason = `a seccomp filter of this process may forbid it (${errorName(errno)})`;
    return new PermissionError(operation, errno, HINTS.seccomp, reason);
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

/**
 * {@link explain} for a program that could not be attached: first of all, whether there is such a hook.
 * @param section what the program is attached to, as a section names it: `kprobe/do_unlinkat`
 */
export function explainAttach(
  operation: string,
  errno: number,
  log: string,
  section: string,
): BpfError {
  const kind = section.split("/", 1)[0];
  if ((errno === EPERM || errno === EACCES) && PERF_EVENTS.includes(kind) && perfIsRoots()) {
    const reason = `kernel.perf_event_paranoid=${perfEventParanoid()} keeps ${kind} for root`;
    return new PermissionError(operation, errno, HINTS.perf, reason);
  }
  const error = explain(operation, errno, log);
  if (error instanceof PermissionError || errno === EBUSY || errno === EEXIST) return error;
  if (errno === LIBBPF_ERRNO_FORMAT && /^u(ret)?probe$/.test(kind)) {
    const hint = "attach it by hand: attachUprobe() finds the default version, or NAME@VERSION";
    return new BpfError(operation, errno, hint, "the file has several functions of this name");
  }
  const unknown = tooOld(operation, errno, ATTACH_SINCE, /^[\w.]*/.exec(section)![0]);
  if (unknown !== undefined) return unknown;
  const fault = faultOfHook(kind, section.slice(kind.length + 1), errno);
  return fault === undefined
    ? error
    : new BpfError(operation, errno, fault.hint ?? error.hint, fault.reason);
}

/** {@link explain} for what was to be pinned, or opened by its pin. */
export function explainPin(operation: string, errno: number, log = ""): BpfError {
  const error = explain(operation, errno, log);
  const elsewhere = [EINVAL, EPERM, EACCES].includes(errno);
  if (error instanceof PermissionError || !elsewhere) return error;
  return new BpfError(operation, errno, HINTS.pin);
}

/**
 * The error for a program of a type that is attached in other ways.
 * @param takes the types that this way takes
 * @returns undefined if the type is not the reason
 */
export function wrongType(
  operation: string,
  errno: number,
  { type, section }: { readonly type: ProgramType; readonly section: string },
  takes: readonly ProgramType[],
): BpfError | undefined {
  if (errno !== EINVAL || takes.includes(type)) return undefined;
  const reason = `it is of type ${type} (its section is ${section}), not ${takes.join(" or ")}`;
  return new BpfError(operation, errno, undefined, reason);
}

/** LIBBPF_ERRNO__FORMAT of libbpf.h: what libbpf says of a name that two symbols have. */
const LIBBPF_ERRNO_FORMAT = 4001;

/** The first Linux of what came after 5.10, the oldest that is tested; see features/since.ts for all. */
const ATTACH_SINCE: Since = {
  "kprobe.multi": "5.18",
  "kretprobe.multi": "5.18",
  "netfilter": "6.4",
  "tcx": "6.6",
  "uprobe.multi": "6.6",
  "netkit": "6.7",
  "kprobe.session": "6.10",
  "uprobe.session": "6.13",
};
/** In the order of `enum bpf_map_type`: libbpf may be too old as well to have names for them. */
const BPF_MAP_TYPE_TASK_STORAGE = 29;
const MAP_SINCE: Since = {
  "task_storage": "5.11",
  "bloom_filter": "5.16",
  "user_ringbuf": "6.1",
  "cgrp_storage": "6.2",
  "arena": "6.9",
};
const PROGRAM_SINCE: Since = { "syscall": "5.14", "netfilter": "6.4" };

type Since = Readonly<Record<string, string>>;

/**
 * {@link explain} for an object that was not loaded: it may have a map or program of a kind that this
 * kernel does not know.
 * @param kinds the types of its maps and programs, by their names
 */
export function explainLoad(
  name: string,
  errno: number,
  log: string,
  kinds: { map(name: string): NumberedMap | undefined; program(name: string): string | undefined },
): BpfError {
  const operation = `load ${name}`;
  const mapName = /map '([^']+)': failed to create/.exec(log)?.[1];
  const map = mapName === undefined ? undefined : kinds.map(mapName);
  const program = mapName === undefined ? lastProgram(log) : undefined;
  const mapType = map && Object.keys(MAP_SINCE)[map.number - BPF_MAP_TYPE_TASK_STORAGE];
  return (mapType && tooOld(operation, errno, MAP_SINCE, mapType, "maps of type")) ||
    (program &&
      tooOld(operation, errno, PROGRAM_SINCE, kinds.program(program), "programs of type")) ||
    (map && misfitting(operation, errno, mapName!, map)) ||
    missingOption(operation, errno, log) ||
    missingTarget(operation, errno, log) ||
    missingKfunc(operation, errno, log) ||
    unnamedTarget(operation, errno, log) ||
    explain(operation, errno, log);
}

/** A map of an object, by the name of its type and its number in `enum bpf_map_type`. */
interface NumberedMap extends MapSizes {
  readonly number: number;
}

function misfitting(
  operation: string,
  errno: number,
  name: string,
  map: NumberedMap,
): BpfError | undefined {
  const reason = errno === EINVAL || errno === E2BIG ? misfit(map) : undefined;
  if (reason === undefined) return undefined;
  return new BpfError(operation, errno, undefined, `its map ${name}: ${reason}`);
}

/** The error for a function that a program names in its section, and that the kernel's BTF does not have. */
function missingTarget(operation: string, errno: number, log: string): BpfError | undefined {
  const name = /failed to find kernel BTF type ID of '([^']+)'/.exec(log)?.[1];
  const fault = name === undefined ? undefined : faultOfHook("fentry", name, errno);
  return fault && new BpfError(operation, errno, fault.hint, fault.reason);
}

/** The error for a function of the kernel that a program calls, and that this kernel does not have for programs. */
function missingKfunc(operation: string, errno: number, log: string): BpfError | undefined {
  const name = /extern \(func ksym\) '([^']+)': not found/.exec(log)?.[1];
  return name === undefined ? undefined : new UnsupportedError(operation, errno, `kfunc ${name}`);
}

/** The error for a program that stands in for another one, of which nobody has said which. */
function unnamedTarget(operation: string, errno: number, log: string): BpfError | undefined {
  const name = /prog '([^']+)': attach program FD is not set/.exec(log)?.[1];
  if (name === undefined) return undefined;
  const reason = `nothing says which program ${name} is attached to`;
  return new BpfError(operation, errno, "name it before the load: setAttachTarget()", reason);
}

/** The error for an option of the kernel's configuration that an object cannot do without. */
function missingOption(operation: string, errno: number, log: string): BpfError | undefined {
  const name = /extern '(CONFIG_\w+)' \(strong\): not resolved/.exec(log)?.[1];
  if (name === undefined) return undefined;
  const files = ["/proc/config.gz", `/boot/config-${kernelRelease()}`];
  const reason = files.some((path) => tryReadTextFile(path))
    ? `the kernel was built without ${name}`
    : `nothing says the value of ${name}: neither ${files.join(" nor ")} can be read`;
  return new BpfError(operation, errno, HINTS.option, reason);
}

/** The error for what the kernel refused and is too old for. That it is too old alone would be no sign. */
function tooOld(
  operation: string,
  errno: number,
  since: Since,
  kind: string | undefined,
  noun = "way to attach",
): UnsupportedError | undefined {
  const first = kind === undefined || !Object.hasOwn(since, kind) ? undefined : since[kind];
  if (first === undefined || errno === EPERM) return undefined;
  const [major, minor] = first.split(".").map(Number);
  if (kernelIsAtLeast(major, minor)) return undefined;
  return new UnsupportedError(operation, errno, `${noun} ${kind}`, first);
}

/** What is attached through perf_event_open(2). */
const PERF_EVENTS = [
  ...["tp", "tracepoint", "kprobe", "kretprobe", "ksyscall", "kretsyscall", "uprobe", "uretprobe"],
  ...["usdt", "perf_event"],
];

function perfIsRoots(): boolean {
  return (perfEventParanoid() ?? 0) > 2 && !capabilities().has("CAP_SYS_ADMIN");
}

/** What to do about a process that may not use BPF. */
export function privilegeHint(): string {
  if (inUserNamespace()) {
    return "this is root of a user namespace alone (a container without root?), and its capabilities are " +
      "of that namespace: it must be root of the host";
  }
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
  // Where a program is refused before it is looked at, later kernels leave the count of instructions.
  if (text === "" || /^processed 0 insns .*$/.test(text)) return undefined;
  return { program: lastProgram(log.slice(0, begin)) ?? "(unknown)", log: text };
}

/** libbpf begins what it says of a program with `prog 'name': `. */
function lastProgram(log: string): string | undefined {
  return [...log.matchAll(/prog '([^']+)': /g)].at(-1)?.[1];
}

/** What libbpf says when something else has failed: it comes last, and the reason before it. */
const FAILED =
  /failed to load (object|BPF skel)|failed to prepare load attributes|: failed to load: -?\d+/;

/** The last line of libbpf's that says more than that it failed. */
function lastLine(log: string): string | undefined {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  return lines.findLast((line) => !FAILED.test(line));
}
