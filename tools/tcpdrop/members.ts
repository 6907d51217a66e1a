/** What tcpdrop shows of a packet of TCP that the kernel drops. */
import { event } from "#skel/tcpdrop.ts";
import {
  type EventOf,
  type LazyOf,
  membersOf,
  ownerMembers,
  partsOf,
  plainWords,
  TCP_FLAGS,
  TCP_STATES,
} from "#lib/tool/mod.ts";
import { DropReasons, reasonMembers } from "#lib/tool/drop_reasons.ts";
import { StackNames } from "#lib/tool/stacks.ts";

/** What members are read by, besides the record. */
export function own(): { readonly reasons: DropReasons; readonly names: StackNames } {
  return { reasons: new DropReasons(), names: new StackNames().readKernel() };
}

const { c, ...member } = membersOf(event, own);
const parts = partsOf(event, "kstack");

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When it was dropped" },
  pid: ownerMembers.pid,
  comm: ownerMembers.comm,
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip),
  saddr: { ...c.saddr, brief: "Address that it is from" },
  sport: { ...c.sport, brief: "Port that it is from" },
  daddr: { ...c.daddr, brief: "Address that it is to" },
  dport: { ...c.dport, brief: "Port that it is to" },
  direction: member.text(
    { brief: "in, or out if this host has sent it", width: -3 },
    (r) => r.received ? "in" : "out",
  ),
  /** Undefined where there is no socket. */
  state: member.text(
    { brief: "State of the socket", width: -12 },
    (r) => r.state === 0 ? undefined : TCP_STATES[r.state],
  ),
  /** Undefined where it has no header yet, or one of a tunnel. */
  flags: member.words(
    { brief: "Flags of its TCP header" },
    (r) => r.has_header ? TCP_FLAGS.filter((_, bit) => r.flags & 1 << bit) : undefined,
  ),
  ...reasonMembers,
  function: member.text(
    { brief: "Function of the kernel that dropped it", width: -24 },
    (r) => r.$own.names.function(r.location),
  ),
  location: member.integer({ brief: "Address of that place" }, (r) => r.location),
  seq: member.integer(
    { brief: "Its first sequence number", width: -10 },
    (r) => r.has_header ? r.seq : undefined,
  ),
  bytes: member.integer(
    { brief: "Bytes of data in it", width: 6 },
    (r) => r.has_header ? r.bytes : undefined,
  ),
  segments: member.integer(
    { brief: "Packets of the network that it stands for", width: 8 },
    (r) => r.segments,
  ),
  ifname: member.text(
    { brief: "Device that it was at", width: -8 },
    (r) => r.has_dev ? r.$ifname : undefined,
  ),
  ifindex: member.integer(
    { brief: "Number of that device, or of the one that it came by", width: 7 },
    (r) => r.ifindex || undefined,
  ),
  netns: member.integer(
    { brief: "Network namespace", width: 10 },
    (r) => r.netns || undefined,
  ),
  owner_by: ownerMembers.owner_by,
  uid: member.integer(
    { brief: "User who made the socket", width: -6 },
    (r) => r.has_sock ? r.uid : undefined,
  ),
  cgroup_id: member.integer(
    { brief: "Cgroup that the socket was made in" },
    (r) => r.has_sock ? r.cgroup_id : undefined,
  ),
  mptcp: member.boolean({ brief: "Whether it is of a path of MPTCP" }, (r) => r.mptcp),
  /** The innermost function first. */
  kstack: member.words(
    { brief: "Stack in the kernel, from the function on that dropped it" },
    (r) => r.kstack_size === 0 ? undefined : r.$own.names.kernel(parts.kstack.text(r), r.location),
  ),
};

/** A packet that was dropped. */
export type TcpDrop = EventOf<typeof members>;

type Drop = LazyOf<typeof members>;

const table = membersOf<Drop>();

/** `SYN|ACK`, or `-` where that is not known. */
const flagsOf = ({ flags }: Drop) => plainWords(flags ?? []).join("|") || "-";

/** What tables alone show, as the Python tool has it. */
export const derived = {
  source: table.text(
    { header: "SADDR:SPORT", brief: "Where it is from", width: -20 },
    ({ saddr, sport }) => `${saddr}:${sport}`,
  ),
  arrow: table.text({ header: ">", brief: "to", width: -1 }, () => ">"),
  destination: table.text(
    { header: "DADDR:DPORT", brief: "Where it is to", width: -20 },
    ({ daddr, dport }) => `${daddr}:${dport}`,
  ),
  state_and_flags: table.text(
    { header: "STATE (FLAGS)", brief: "state and flags, - for none", width: -20 },
    (drop) => `${drop.state ?? "-"} (${flagsOf(drop)})`,
  ),
  reason_and_code: table.text(
    {
      header: "REASON (CODE)",
      brief: "reason and code; the function before Linux 5.17",
      width: -24,
    },
    ({ reason, code, ...drop }) => reason === undefined ? drop.function : `${reason} (${code})`,
  ),
  stack: table.words(
    { header: " ", brief: "kstack, a line for each function", as: "lines" },
    ({ kstack = [] }) => ["", ...plainWords(kstack).map((name) => `        ${name}`), ""],
  ),
};
