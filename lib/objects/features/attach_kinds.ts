/**
 * Which ways to attach a program the kernel has. Each is tried: a program is loaded, and attached to where
 * that does nothing, or to something that is not there, which a kernel that has this way answers otherwise
 * than one that has not.
 */
import { EBADF, EBUSY, EEXIST, ENODEV, EOPNOTSUPP, ESRCH } from "../../sys/errno.ts";
import { tryReadTextFile } from "../../sys/file.ts";
import { fileExists } from "../../sys/status.ts";
import { cString } from "../../sys/libc.ts";
import { tracefs } from "../../sys/mounts.ts";
import { oneOf } from "../../sys/nearest.ts";
import { UnsupportedError } from "../errors.ts";
import { addressOf } from "../kernel_object.ts";
import {
  createLink,
  loadProgram,
  openRawTracepoint,
  type ProbeProgram,
  release,
} from "./bpf_call.ts";
import { kernelFunction } from "./kernel_function.ts";

/** The name of a way to attach programs: as in a program's section, where it has one. */
export type AttachKindName =
  | "kprobe"
  | "uprobe"
  | "tracepoint"
  | "perf_event"
  | "raw_tracepoint"
  | "usdt semaphore"
  | "tp_btf"
  | "fentry"
  | "fexit"
  | "fmod_ret"
  | "lsm"
  | "cgroup link"
  | "iter"
  | "netns link"
  | "xdp link"
  | "perf event link"
  | "kprobe.multi"
  | "lsm_cgroup"
  | "netfilter"
  | "uprobe.multi"
  | "tcx"
  | "netkit"
  | "kprobe.session"
  | "sockmap link"
  | "uprobe.session";

/** A way to attach programs. */
export interface AttachKind {
  /** `fentry`, `kprobe.multi`. */
  readonly name: AttachKindName;
  /** The first Linux that has it: `5.5`. */
  readonly since: string;
  /** Whether the kernel took it when it was tried. */
  readonly supported: boolean;
}

/** `enum bpf_prog_type` of include/uapi/linux/bpf.h. */
const KPROBE = 2;
const SCHED_CLS = 3;
const XDP = 6;
const PERF_EVENT = 7;
const CGROUP_SKB = 8;
const SK_MSG = 16;
const RAW_TRACEPOINT = 17;
const FLOW_DISSECTOR = 22;
const TRACING = 26;
const LSM = 29;
const NETFILTER = 32;

/** `enum bpf_attach_type` of the same file. */
const BPF_CGROUP_INET_EGRESS = 1;
const BPF_SK_MSG_VERDICT = 7;
const BPF_FLOW_DISSECTOR = 17;
const BPF_XDP = 37;
const BPF_PERF_EVENT = 41;
const BPF_TRACE_KPROBE_MULTI = 42;
const BPF_NETFILTER = 45;
const BPF_TCX_INGRESS = 46;
const BPF_TRACE_UPROBE_MULTI = 48;
const BPF_NETKIT_PRIMARY = 54;
const BPF_TRACE_KPROBE_SESSION = 56;
const BPF_TRACE_UPROBE_SESSION = 57;

const EAFNOSUPPORT = 97;
const XDP_FLAGS_DRV_MODE = 4;
const LOOPBACK = 1;
const NOBODY = 0x7fff_fffe;

/** Files that the kernel has for each kind of event that perf_event_open(2) takes. */
const PMU = "/sys/bus/event_source/devices";

/** When the kernel got it, and whether this one has it. */
interface Way {
  readonly since: string;
  readonly probe: () => boolean;
}

/**
 * Sources of the versions: docs/kernel-versions.md of https://github.com/iovisor/bcc and the log of
 * include/uapi/linux/bpf.h; for those that have no line there, the commit that added the error a probe
 * looks for.
 */
const KINDS: Readonly<Record<AttachKindName, Way>> = {
  "kprobe": { since: "4.1", probe: () => fileExists(`${PMU}/kprobe`) && loads({ type: KPROBE }) },
  "uprobe": { since: "4.3", probe: () => fileExists(`${PMU}/uprobe`) && loads({ type: KPROBE }) },
  "tracepoint": { since: "4.7", probe: () => tracefs() !== undefined && loads({ type: 5 }) },
  "perf_event": {
    since: "4.9",
    probe: () => fileExists(`${PMU}/software`) && loads({ type: PERF_EVENT }),
  },
  "raw_tracepoint": {
    since: "4.17",
    probe: () =>
      attaches({ type: RAW_TRACEPOINT }, (fd) => openRawTracepoint(fd, "sched_process_exit")),
  },
  "usdt semaphore": {
    since: "4.20",
    probe: () => fileExists(`${PMU}/uprobe/format/ref_ctr_offset`),
  },
  "tp_btf": { since: "5.5", probe: () => attachesTo("tp_btf") },
  "fentry": { since: "5.5", probe: () => attachesTo("fentry") },
  "fexit": { since: "5.5", probe: () => attachesTo("fexit") },
  "fmod_ret": { since: "5.7", probe: () => attachesTo("fmod_ret") },
  "lsm": { since: "5.7", probe: () => inLsmList() && attachesTo("lsm", LSM) },
  "cgroup link": {
    since: "5.7",
    probe: () => answers({ type: CGROUP_SKB, attachType: BPF_CGROUP_INET_EGRESS }, [EBADF]),
  },
  "iter": { since: "5.8", probe: () => iterates() },
  "netns link": {
    since: "5.8",
    probe: () => answers({ type: FLOW_DISSECTOR, attachType: BPF_FLOW_DISSECTOR }, [EBADF]),
  },
  // The loopback interface has no driver that could run it, and so is left alone.
  "xdp link": {
    since: "5.9",
    probe: () =>
      answers(
        { type: XDP, attachType: BPF_XDP },
        [EOPNOTSUPP, EBUSY, EEXIST],
        LOOPBACK,
        XDP_FLAGS_DRV_MODE,
      ),
  },
  "perf event link": {
    since: "5.15",
    probe: () => answers({ type: KPROBE }, [EBADF], -1, 0, BPF_PERF_EVENT),
  },
  "kprobe.multi": { since: "5.18", probe: () => takesNames(BPF_TRACE_KPROBE_MULTI) },
  "lsm_cgroup": {
    since: "6.0",
    probe: () => {
      const target = kernelFunction("lsm_cgroup");
      return target !== undefined && loads({ type: LSM, ...target });
    },
  },
  "netfilter": {
    since: "6.4",
    probe: () =>
      answers({ type: NETFILTER, attachType: BPF_NETFILTER }, [EAFNOSUPPORT], 0, 0, BPF_NETFILTER, [
        [16, 32, 255],
      ]),
  },
  "uprobe.multi": { since: "6.6", probe: () => takesPaths(BPF_TRACE_UPROBE_MULTI) },
  "tcx": {
    since: "6.6",
    probe: () => answers({ type: SCHED_CLS, attachType: BPF_TCX_INGRESS }, [ENODEV], NOBODY),
  },
  "netkit": {
    since: "6.7",
    probe: () => answers({ type: SCHED_CLS, attachType: BPF_NETKIT_PRIMARY }, [ENODEV], NOBODY),
  },
  "kprobe.session": { since: "6.10", probe: () => takesNames(BPF_TRACE_KPROBE_SESSION) },
  "sockmap link": {
    since: "6.10",
    probe: () => answers({ type: SK_MSG, attachType: BPF_SK_MSG_VERDICT }, [EBADF]),
  },
  "uprobe.session": { since: "6.13", probe: () => takesPaths(BPF_TRACE_UPROBE_SESSION) },
};

const known = new Map<AttachKindName, boolean>();

/**
 * Every way to attach programs, in the order in which the kernel got them; about 50 ms at first.
 *
 * @example
 * ```ts
 * import { attachKinds } from "@denobpf/denobpf";
 *
 * for (const { name, since, supported } of attachKinds()) {
 *   if (!supported) console.log(`${name}: Linux ${since}`);
 * }
 * ```
 */
export function attachKinds(): AttachKind[] {
  return (Object.keys(KINDS) as AttachKindName[]).map((name) => ({
    name,
    since: KINDS[name].since,
    supported: hasAttachKind(name),
  }));
}

/**
 * Whether programs can be attached in this way by this process. Found out at the first call.
 *
 * @example
 * ```ts
 * import { hasAttachKind } from "@denobpf/denobpf";
 *
 * if (!hasAttachKind("fentry")) console.log("use a kprobe here");
 * ```
 */
export function hasAttachKind(name: AttachKindName): boolean {
  let supported = known.get(name);
  if (supported === undefined) known.set(name, supported = wayOf(name).probe());
  return supported;
}

function wayOf(name: AttachKindName): Way {
  return oneOf(KINDS, name, "way to attach");
}

/**
 * Makes sure that programs can be attached in this way.
 * @throws {UnsupportedError} with the first Linux that has it
 *
 * @example
 * ```ts
 * import { requireAttachKind } from "@denobpf/denobpf";
 *
 * requireAttachKind("tracepoint", "count system calls");
 * ```
 */
export function requireAttachKind(name: AttachKindName, operation: string): void {
  if (hasAttachKind(name)) return;
  throw new UnsupportedError(operation, EOPNOTSUPP, name, KINDS[name].since);
}

/** What `use` gives with the descriptor of a loaded program; undefined if the kernel does not load it. */
function withProgram<T>(program: ProbeProgram, use: (fd: number) => T): T | undefined {
  const { result } = loadProgram(program);
  if (result < 0) return undefined;
  try {
    return use(result);
  } finally {
    release(result);
  }
}

function loads(program: ProbeProgram): boolean {
  return withProgram(program, () => true) ?? false;
}

function attaches(program: ProbeProgram, attach: (fd: number) => number): boolean {
  return withProgram(program, (fd) => {
    const result = attach(fd);
    release(result);
    return result >= 0;
  }) ?? false;
}

function attachesTo(
  kind: "tp_btf" | "fentry" | "fexit" | "fmod_ret" | "lsm",
  type = TRACING,
): boolean {
  const target = kernelFunction(kind);
  return target !== undefined && attaches({ type, ...target }, openRawTracepoint);
}

function iterates(): boolean {
  const target = kernelFunction("iter");
  if (target === undefined) return false;
  return attaches({ type: TRACING, ...target }, (fd) => createLink(fd, 0, target.attachType));
}

/** Whether the kernel refuses a link with one of these errors, which it has only if it knows such links. */
function answers(
  program: ProbeProgram,
  errors: readonly number[],
  target = -1,
  flags = 0,
  attachType: number = program.attachType ?? 0,
  further: Parameters<typeof createLink>[4] = [],
): boolean {
  return withProgram(program, (fd) => {
    const result = createLink(fd, target, attachType, flags, further);
    release(result);
    return errors.includes(-result);
  }) ?? false;
}

/** Tries a function that no kernel has: `link_create.kprobe_multi`. */
function takesNames(attachType: number): boolean {
  const name = cString("denobpf_no_such_function");
  const names = new Uint8Array(new BigUint64Array([addressOf(name)]).buffer);
  return answers({ type: KPROBE, attachType }, [ESRCH], 0, 0, attachType, [
    [20, 32, 1],
    [24, 64, addressOf(names)],
  ]);
}

/** Tries a directory, where a program is wanted: `link_create.uprobe_multi`. */
function takesPaths(attachType: number): boolean {
  const path = cString("/");
  const offsets = new Uint8Array(8);
  return answers({ type: KPROBE, attachType }, [EBADF], 0, 0, attachType, [
    [16, 64, addressOf(path)],
    [24, 64, addressOf(offsets)],
    [48, 32, 1],
  ]);
}

/** Programs of type lsm load and attach on any kernel that has them, and run where the list has `bpf`. */
function inLsmList(): boolean {
  const list = tryReadTextFile("/sys/kernel/security/lsm");
  return list === undefined || list.trim().split(",").includes("bpf");
}
