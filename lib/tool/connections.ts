/** What tools of TCP connections share that are made, accepted and ended: the user half of bpf/tcptracer.bpf.c. */
import { hasAttachKind } from "../objects/features/attach_kinds.ts";
import { errnoName } from "../sys/errno.ts";
import { kernelIsAtLeast } from "../sys/kernel.ts";
import type { RawText } from "../sys/raw_text.ts";
import { membersOf } from "./members/members_of.ts";
import { ownerMembers } from "./sock_owner.ts";
import { DIRECTION } from "./tcp.ts";
import { type Loadable, loadHooks } from "./trace/hooks.ts";

/** What the kernel half sends of a connection, besides what members take as it is. */
export interface ConnectionRecord {
  /** When it happened, in nanoseconds since boot. */
  readonly time: bigint;
  /** When the first SYN was sent, or the connection came in; 0 if that was before the trace. */
  readonly started: bigint;
  /** The owner of the socket. */
  readonly pid: number;
  /** Its thread. */
  readonly tid: number;
  /** Its name. */
  readonly $comm: RawText;
  /** How it is known: 0 if it is not. */
  readonly owner_by: number;
  /** Which side began the connection. */
  readonly direction: number;
  /** A number of `CONNECTION_TYPES`. */
  readonly type: number;
  /** 4 or 6 */
  readonly ip: number;
  /** An errno, or 0. */
  readonly error: number;
  /** The descriptor that accept() has returned, or -1. */
  readonly fd: number;
  /** Connections that waited to be accepted when this one came. */
  readonly queue: number;
  /** How many may wait. */
  readonly queue_max: number;
  /** Whether it is a path of an MPTCP connection. */
  readonly mptcp: boolean;
  /** When the first event that is shown happened. */
  readonly $own: { first?: bigint };
}

/**
 * What becomes of a connection, in the order of `enum type` of bpf/tcptracer.bpf.c.
 *
 * @example
 * ```ts
 * import { CONNECTION_TYPES } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(CONNECTION_TYPES[1], "accept");
 * ```
 */
export const CONNECTION_TYPES: readonly string[] = [
  "connect",
  "accept",
  "close",
  "connect_fail",
  "accept_fail",
  "drop",
];

const member = membersOf<ConnectionRecord>();

/** The time since a connection began, for those types of events that it means something for. */
function since({ time, started }: ConnectionRecord, is_meant: boolean): bigint | undefined {
  return is_meant && started !== 0n ? time - started : undefined;
}

/** Whether an event is of one of these types. */
const isOne = ({ type }: ConnectionRecord, ...types: readonly string[]) =>
  types.includes(CONNECTION_TYPES[type]);

/** Whether the socket has the numbers of its listener's queue. */
const hasQueue = (r: ConnectionRecord) => isOne(r, "accept", "accept_fail", "drop");

/**
 * The members of an event that its record does not have as they are.
 *
 * @example
 * ```ts
 * import { event } from "#skel/tcptracer.ts";
 * import { connectionMembers, membersOf } from "@denobpf/denobpf/tool";
 *
 * const members = { time: membersOf(event).c.time, ...connectionMembers };
 * console.log(members.wait_ns.brief);
 * ```
 */
export const connectionMembers = {
  pid: ownerMembers.pid,
  comm: { ...ownerMembers.comm, width: -12 },
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip),
  error: member.text(
    { brief: "Error of the socket or of accept()", width: -12 },
    (r) => r.error === 0 ? undefined : errnoName(r.error),
  ),
  wait_ns: member.integer(
    {
      header: "WAIT(ms)",
      brief: "accept, drop: time that the connection waited to be accepted",
      unit: 1e6,
      decimals: 2,
      width: 8,
    },
    (r) => since(r, isOne(r, "accept", "drop")),
  ),
  queue: member.integer(
    { brief: "accept, drop: connections that waited when this one came", width: 5 },
    (r) => hasQueue(r) ? r.queue : undefined,
  ),
  queue_max: member.integer(
    { header: "MAX", brief: "accept, drop: how many may wait", width: 5 },
    (r) => hasQueue(r) ? r.queue_max : undefined,
  ),
  fd: member.integer(
    { brief: "accept: descriptor that accept() has returned", width: 4 },
    (r) => r.fd < 0 ? undefined : r.fd,
  ),
  latency_ns: member.integer(
    {
      header: "MS",
      brief: "connect, fail: time from the first SYN",
      unit: 1e6,
      decimals: 2,
      width: 8,
    },
    (r) => since(r, isOne(r, "connect", "connect_fail")),
  ),
  duration_ns: member.integer(
    { brief: "close: time from the first SYN to the end", unit: 1e6, decimals: 2, width: 8 },
    (r) => since(r, isOne(r, "close")),
  ),
  owner_by: ownerMembers.owner_by,
  direction: member.text({ brief: "connect or accept" }, (r) => DIRECTION[r.direction]),
  tid: member.integer(
    { brief: "Its thread that connected, listened, accepted or closed", width: -7 },
    (r) => r.owner_by === 0 ? undefined : r.tid,
  ),
  mptcp: member.boolean({ brief: "Whether it is a path of an MPTCP connection" }, (r) => r.mptcp),
  since_first: member.decimal(
    {
      header: "TIME(s)",
      brief: "Seconds since the first one",
      only: "table",
      width: -9,
      decimals: 3,
    },
    ({ time, $own }) => Number(time - ($own.first ??= time)) / 1e9,
  ),
};

/** The programs and variables of the kernel half, before load. */
export interface ConnectionPrograms {
  /** Its variables. */
  readonly rodata: { wanted: number; by_call: boolean };
  /** Its programs. */
  readonly progs: Readonly<
    & Record<
      "btf_set_state" | "tp_set_state" | "accept_exit" | "sys_exit_accept" | "sys_exit_accept4",
      Loadable
    >
    & Record<"seed_socks", Loadable & { autoattach: boolean }>
  >;
}

/**
 * Chooses the programs of the kernel half, and what it reports.
 *
 * accept() is seen where the kernel's function returns, by fexit, or where the system call does. The second has
 * the descriptor and the errno, the first io_uring and 32-bit programs. From Linux 7.0 on a task can lose the CPU
 * in the middle of fexit, as hooks.ts has it of tracepoints: there the system call is traced in any case.
 * @param types those of `CONNECTION_TYPES` that are reported
 * @param shown the members that are shown
 *
 * @example
 * ```ts
 * import { Tcptracer } from "#skel/tcptracer.ts";
 * import { chooseConnectionPrograms } from "@denobpf/denobpf/tool";
 *
 * using opened = Tcptracer.open();
 * chooseConnectionPrograms(opened, ["accept"], new Set(["pid", "comm"]));
 * opened.load();
 * ```
 */
export function chooseConnectionPrograms(
  { rodata, progs }: ConnectionPrograms,
  types: readonly string[],
  shown: ReadonlySet<string>,
): void {
  const by_function = hasAttachKind("fexit");
  const by_call = !by_function || kernelIsAtLeast(7, 0) || types.includes("accept_fail") ||
    types.includes("accept") && shown.has("fd");
  rodata.wanted = CONNECTION_TYPES.reduce(
    (set, type, bit) => types.includes(type) ? set | 1 << bit : set,
    0,
  );
  rodata.by_call = by_call;
  progs.accept_exit.autoload = by_function;
  progs.sys_exit_accept.autoload = by_call;
  progs.sys_exit_accept4.autoload = by_call;
  progs.seed_socks.autoattach = false;
  loadHooks(progs, { set_state: true });
}
