/** What tcpreset shows of a reset. */
import { event } from "#skel/tcpreset.ts";
import {
  enumNames,
  type EventOf,
  type LazyOf,
  membersOf,
  ownerMembers,
  partsOf,
  plainWords,
  TCP_FLAGS,
  TCP_STATES,
} from "#lib/tool/mod.ts";
import { StackNames } from "#lib/tool/stacks.ts";

/** The reasons of this kernel for a reset that it sends: `enum sk_rst_reason`, include/net/rstreason.h. */
export class ResetReasons {
  #names?: ReadonlyMap<number, string>;

  /** `NO_SOCKET`; the number where the kernel has no name for it. */
  name(reason: number): string {
    this.#names ??= enumNames(["sk_rst_reason"], "SK_RST_REASON_");
    return this.#names.get(reason) ?? String(reason);
  }
}

/** What members are read by, besides the record. */
export function own(): { readonly reasons: ResetReasons; readonly names: StackNames } {
  return { reasons: new ResetReasons(), names: new StackNames() };
}

const { c, ...member } = membersOf(event, own);
const parts = partsOf(event, "kstack");

/** The error that each state of a socket makes of a reset that comes in: tcp_reset() of net/ipv4/tcp_input.c. */
function errorIn(state: string): string | undefined {
  if (state === "SYN_SENT") return "ECONNREFUSED";
  if (state === "CLOSE_WAIT") return "EPIPE";
  return state === "CLOSE" ? undefined : "ECONNRESET";
}

/** The stack without what has come in front: the way from the function that sends a reset to the program. */
function fromSender(names: readonly string[]): readonly string[] {
  return names.slice(Math.max(0, names.findIndex((name) => /^tcp_\w+_reset$/.test(name))));
}

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When it was sent or received" },
  pid: ownerMembers.pid,
  comm: { ...ownerMembers.comm, width: -12 },
  direction: member.text(
    { brief: "sent or received", width: -9 },
    (r) => r.sent ? "sent" : "received",
  ),
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip),
  laddr: { ...c.laddr, brief: "Local address" },
  lport: { ...c.lport, brief: "Local port" },
  raddr: { ...c.raddr, brief: "Remote address" },
  rport: { ...c.rport, brief: "Remote port" },
  /** Undefined where there is no socket. */
  state: member.text(
    { brief: "State of the socket before", width: -12 },
    (r) => r.state === 0 ? undefined : TCP_STATES[r.state],
  ),
  /** Undefined before Linux 6.10. */
  reason: member.text(
    { brief: "sent: why, as this kernel names it (Linux 6.10)", width: -20 },
    (r) => r.sent && r.has_reason ? r.$own.reasons.name(r.reason) : undefined,
  ),
  error: member.text(
    { brief: "received: what the process gets at its next call", width: -12 },
    (r) => r.sent ? undefined : errorIn(TCP_STATES[r.state]),
  ),
  answered: member.words(
    { brief: "sent: flags of the packet that it answers" },
    (r) => r.has_packet ? TCP_FLAGS.filter((_, bit) => r.flags & 1 << bit) : undefined,
  ),
  duration_ns: member.integer(
    {
      brief: "How long the connection had been established",
      header: "MS",
      unit: 1e6,
      decimals: 3,
      width: 10,
    },
    (r) => r.established === 0n ? undefined : r.time - r.established,
  ),
  unread_bytes: member.integer(
    { brief: "Bytes that had come, and no process had read", width: 12 },
    (r) => r.has_sock ? r.unread : undefined,
  ),
  unacked_bytes: member.integer(
    { brief: "Bytes of the process that the other end had not acknowledged", width: 13 },
    (r) => r.has_sock ? r.unacked : undefined,
  ),
  owner_by: ownerMembers.owner_by,
  uid: member.integer(
    { brief: "User who made the socket", width: -6 },
    (r) => r.has_sock ? r.uid : undefined,
  ),
  netns: member.integer({ brief: "Network namespace", width: 10 }, (r) => r.netns || undefined),
  cgroup_id: member.integer(
    { brief: "Cgroup that the socket was made in" },
    (r) => r.has_sock ? r.cgroup_id : undefined,
  ),
  mptcp: member.boolean({ brief: "Whether it is of a path of MPTCP" }, (r) => r.mptcp),
  /** The innermost function first. */
  kstack: member.words(
    { brief: "sent: stack in the kernel, from the function on that sends it" },
    (r) =>
      r.kstack_size === 0 ? undefined : fromSender(r.$own.names.kernel(parts.kstack.text(r), "")),
  ),
};

/** A reset that was sent or received. */
export type TcpReset = EventOf<typeof members>;

type Reset = LazyOf<typeof members>;

const table = membersOf<Reset>();

/** What tables alone show. */
export const derived = {
  local: table.text(
    { header: "LADDR:LPORT", brief: "Local end", width: -20 },
    ({ laddr, lport }) => `${laddr}:${lport}`,
  ),
  arrow: table.text(
    { header: "<>", brief: "-> sent, <- received", width: -2 },
    ({ direction }) => direction === "sent" ? "->" : "<-",
  ),
  remote: table.text(
    { header: "RADDR:RPORT", brief: "Remote end", width: -20 },
    ({ raddr, rport }) => `${raddr}:${rport}`,
  ),
  why: table.text(
    { header: "REASON", brief: "reason, or error; else the state", width: -12 },
    ({ reason, error, state }) => reason ?? error ?? state,
  ),
  stack: table.words(
    { header: " ", brief: "kstack, a line for each function", as: "lines" },
    ({ kstack }) => kstack && ["", ...plainWords(kstack).map((name) => `        ${name}`), ""],
  ),
};
