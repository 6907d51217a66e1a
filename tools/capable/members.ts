import { event } from "#skel/capable.ts";
import {
  capabilityName,
  COMPAT_ABI,
  containerId,
  type EventOf,
  type LazyOf,
  membersOf,
  NATIVE_ABI,
  partsOf,
  plainWords,
  syscallName,
  type Words,
} from "#lib/tool/mod.ts";
import { StackNames } from "#lib/tool/stacks.ts";

/** include/linux/security.h */
const CAP_OPT_NOAUDIT = 2;
const CAP_OPT_INSETID = 4;

/** include/linux/proc_ns.h: the user namespace of the host. */
const USER_NS_INIT_INO = 0xefff_fffd;

/** What members are read by, besides the record. */
export function own(options: { readonly kernel_stack: boolean; readonly user_stack: boolean }) {
  const names = new StackNames();
  return { options, names: options.kernel_stack ? names.readKernel() : names };
}

/** What only --summary brings. */
const later = (): string[] | undefined => undefined;

const { c, integer, text, words, boolean } = membersOf(event, own);
const parts = partsOf(event, "kstack", "ustack", "cgroup");

export const members = {
  time: c.time,
  uid: { ...c.uid, brief: "Real user id of the process", width: -5 },
  pid: c.pid,
  tid: c.tid,
  comm: c.comm,
  cap: integer({ brief: "Number of the capability", width: -7 }, (r) => r.cap),
  /** `CAP_SYS_ADMIN`, or the number of one that has no name yet. */
  name: text({ brief: "Name of the capability", width: -20 }, (r) => capabilityName(r.cap)),
  /** Undefined where the kernel does not say. */
  audit: boolean(
    { brief: "Whether a refusal may be audited", width: -7 },
    (r) => r.opts < 0 ? undefined : (r.opts & CAP_OPT_NOAUDIT) === 0,
  ),
  insetid: boolean(
    { brief: "Whether it was asked to set a user or group id", width: -7 },
    (r) => r.opts < 0 ? undefined : (r.opts & CAP_OPT_INSETID) !== 0,
  ),
  verdict: text({ brief: "allow or deny", width: -7 }, (r) => r.ret === 0 ? "allow" : "deny"),
  /** Undefined in a page fault, and in a thread of the kernel. */
  syscall: text(
    { brief: "The system call that led to it", width: -16 },
    (r) => r.syscall < 0 ? undefined : syscallName(r.compat ? COMPAT_ABI : NATIVE_ABI, r.syscall),
  ),
  target_userns: {
    ...c.target_userns,
    brief: "User namespace that the capability is needed in, by its inode number",
  },
  host_userns: boolean(
    { brief: "Whether that is the host's: power over all of it", width: -11 },
    (r) => r.target_userns === USER_NS_INIT_INO,
  ),
  cred_uid: { ...c.cred_uid, brief: "Effective user id of the credentials that were checked" },
  overridden: boolean(
    { brief: "Whether these are not the thread's own: a file's, overlayfs's", width: -10 },
    (r) => r.overridden !== 0,
  ),
  cgroup_id: c.cgroup_id,
  /** Undefined for the root. */
  cgroup: text({ brief: "Path of the cgroup (v2)", width: -24 }, parts.cgroup.path),
  container: text({ brief: "Its container", width: -12 }, (r) => containerId(parts.cgroup.path(r))),
  mntns: { ...c.mntns, brief: "Mount namespace, by its inode number" },
  /** The innermost function first. */
  kstack: words(
    { brief: "With -K: stack in the kernel" },
    (r) =>
      r.$own.options.kernel_stack
        ? r.$own.names.kernel(parts.kstack.text(r), "cap_capable")
        : undefined,
  ),
  ustack: words(
    { brief: "With -U: stack in the process" },
    (r) => r.$own.options.user_stack ? r.$own.names.user(r.pid, parts.ustack.text(r)) : undefined,
  ),
  capabilities: words(
    { brief: "With --summary: those that the program was allowed, or refused" },
    later,
  ),
};

/** A check of a capability; with --summary a program. */
export type CapabilityCheck = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();
const bit = (value: boolean | undefined) => value === undefined ? undefined : Number(value);

/** What tables alone show, as the C tool has it. */
export const derived = {
  audited: table.integer(
    { brief: "1 if a refusal may be audited", header: "AUDIT", width: -7 },
    (e) => bit(e.audit),
  ),
  sets_id: table.integer(
    { brief: "1 if it was asked to set an id", header: "INSETID", width: -7 },
    (e) => bit(e.insetid),
  ),
  stacks: table.words(
    { brief: "With -K and -U: the stacks", header: " ", as: "lines" },
    stackLines,
  ),
};

function stackLines({ kstack = [], ustack = [], comm, pid }: LazyOf<typeof members>): Words {
  const frames = [...plainWords(kstack), ...plainWords(ustack)];
  return ["", ...frames.map((name) => `    ${name}`), `    ${"-".padEnd(16)} ${comm} (${pid})`];
}
