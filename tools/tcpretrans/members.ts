/** What tcpretrans shows of a segment that is sent again. */
import { event } from "#skel/tcpretrans.ts";
import {
  errnoName,
  type EventOf,
  type LazyOf,
  membersOf,
  ownerMembers,
  TCP_FLAGS,
  TCP_STATES,
} from "#lib/tool/mod.ts";

const member = membersOf(event);

/** Why a segment is sent again, in the order of `enum kind` of the kernel half. */
const KINDS = ["fast", "rto", "tlp", "syn", "syn-ack"];

/** `tp->snd_ssthresh` before the first loss: include/net/tcp.h. */
const INFINITE_SSTHRESH = 0x7fff_ffff;

const SYNACK = KINDS.indexOf("syn-ack");

/** The members of an event. */
export const members = {
  time: { ...member.c.time, brief: "When it was sent again" },
  pid: ownerMembers.pid,
  comm: ownerMembers.comm,
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip),
  laddr: { ...member.c.laddr, brief: "Local address" },
  lport: { ...member.c.lport, brief: "Local port" },
  raddr: { ...member.c.raddr, brief: "Remote address" },
  rport: { ...member.c.rport, brief: "Remote port" },
  kind: member.text(
    { brief: "Why: fast, rto, tlp (tail loss probe), syn, syn-ack", width: -7 },
    (r) => KINDS[r.kind],
  ),
  state: member.text({ brief: "State of the socket", width: -12 }, (r) => TCP_STATES[r.state]),
  seq: member.integer({ brief: "Its first sequence number", width: -10 }, (r) => r.seq),
  bytes: member.integer(
    { brief: "Its length; SYN and FIN count as one", width: 6 },
    (r) => r.bytes,
  ),
  segments: member.integer({ brief: "Packets that it makes", width: 8 }, (r) => r.segments),
  flags: member.words(
    { brief: "Flags of its TCP header" },
    (r) => TCP_FLAGS.filter((_, bit) => r.flags & 1 << bit),
  ),
  attempt: member.integer(
    { brief: "Timeouts without an answer so far", width: 7 },
    (r) => r.attempt,
  ),
  retransmits: member.integer(
    { brief: "Segments sent again so far; -c: how many", width: -11 },
    (r) => r.total,
  ),
  owner_by: ownerMembers.owner_by,
  uid: { ...member.c.uid, brief: "User who made the socket" },
  netns: { ...member.c.netns, brief: "Network namespace" },
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup that the socket was made in" },
  srtt_us: member.integer(
    { brief: "Round trip time, smoothed, in microseconds" },
    (r) => r.srtt_us || undefined,
  ),
  cwnd: member.integer(
    { brief: "Congestion window, in segments" },
    (r) => r.kind === SYNACK ? undefined : r.cwnd,
  ),
  ssthresh: member.integer(
    { brief: "Slow start threshold, in segments" },
    (r) => r.kind === SYNACK || r.ssthresh === INFINITE_SSTHRESH ? undefined : r.ssthresh,
  ),
  error: member.text(
    { brief: "--failed: why it could not be sent" },
    (r) => r.error === 0 ? undefined : errnoName(r.error),
  ),
  mptcp: member.boolean({ brief: "Whether it is of a path of MPTCP" }, (r) => r.mptcp),
};

/** A segment that was sent again, or with `count` all of a connection. */
export type Retransmit = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

type Ends = LazyOf<typeof members>;

const local = ({ laddr, lport }: Ends) => `${laddr}:${lport}`;
const remote = ({ raddr, rport }: Ends) => `${raddr}:${rport}`;

/** What tables alone show. */
export const derived = {
  local: table.text({ header: "LADDR:LPORT", brief: "Local end", width: -20 }, local),
  remote: table.text({ header: "RADDR:RPORT", brief: "Remote end", width: -20 }, remote),
  type: table.text({ header: "T>", brief: "R", width: -2 }, () => "R>"),
  type_or_probe: table.text(
    { header: "T>", brief: "R, or L for a tail loss probe", width: -2 },
    ({ kind }) => kind === "tlp" ? "L>" : "R>",
  ),
  counted_local: table.text({ header: "LADDR:LPORT", brief: "Local end", width: -25 }, local),
  counted_remote: table.text({ header: "RADDR:RPORT", brief: "Remote end", width: -25 }, remote),
};
