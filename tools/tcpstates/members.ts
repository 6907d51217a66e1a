/** What tcpstates shows of a change of state. */
import { event } from "#skel/tcpstates.ts";
import {
  DIRECTION,
  errnoName,
  type EventOf,
  histogramLines,
  type LazyOf,
  membersOf,
  ownerMembers,
  SockIds,
  spreadMembers,
  TCP_STATES,
} from "#lib/tool/mod.ts";

/** What is kept for a trace. */
export function own() {
  return { ids: new SockIds() };
}

const member = membersOf(event, own);

/** What a single change does not have: histograms() of tools/tcpstates/states.ts adds it up. */
const later = (): number | undefined => undefined;

/** The members of an event. */
export const members = {
  time: { ...member.c.time, header: "TIME(s)", brief: "When the state changed" },
  skaddr: member.text(
    { brief: "Address of the socket in the kernel", width: -16 },
    (r) => r.sk.toString(16),
  ),
  sock_id: member.integer(
    { brief: "Number of the socket, which no other one has", width: -7 },
    (r) => r.$own.ids.of(r.sk, r.started),
  ),
  pid: ownerMembers.pid,
  comm: { ...ownerMembers.comm, width: -10 },
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip),
  laddr: { ...member.c.laddr, brief: "Local address", width: -15 },
  lport: { ...member.c.lport, brief: "Local port; 0 if it has none yet" },
  raddr: { ...member.c.raddr, brief: "Remote address", width: -15 },
  rport: { ...member.c.rport, brief: "Remote port; 0 for one that listens" },
  old_state: member.text(
    { header: "OLDSTATE", brief: "State before", width: -11 },
    (r) => TCP_STATES[r.oldstate],
  ),
  new_state: member.text(
    { header: "NEWSTATE", brief: "State now", width: -11 },
    (r) => TCP_STATES[r.newstate],
  ),
  /** Undefined where the tool has not seen it begin. */
  state_ns: member.integer(
    { header: "MS", brief: "How long the socket was in old_state", unit: 1e6, decimals: 3 },
    (r) => r.since === 0n ? undefined : r.time - r.since,
  ),
  owner_by: ownerMembers.owner_by,
  tid: ownerMembers.tid,
  /** In a softirq any that was interrupted. */
  task_pid: member.integer({ brief: "Process that had the CPU", width: -8 }, (r) => r.task_pid),
  task_comm: member.text({ brief: "Name of its thread", width: -16 }, (r) => r.$task_comm),
  uid: { ...member.c.uid, brief: "User who made the socket" },
  netns: { ...member.c.netns, brief: "Network namespace" },
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup that the socket was made in" },
  direction: member.text({ brief: "connect or accept" }, (r) => DIRECTION[r.direction]),
  started: member.time(
    { brief: "When the socket came to its first state" },
    (r) => r.started === 0n ? undefined : r.$wall(r.started),
  ),
  error: member.text(
    { brief: "Error of the socket" },
    (r) => r.error === 0 ? undefined : errnoName(r.error),
  ),
  ack_backlog: member.integer(
    { brief: "LISTEN: connections that nobody has accepted yet" },
    (r) => r.listens ? r.ack_backlog : undefined,
  ),
  ack_backlog_max: member.integer(
    { brief: "LISTEN: how many there may be" },
    (r) => r.listens ? r.ack_backlog_max : undefined,
  ),
  mptcp: member.boolean({ brief: "Whether it is a path of an MPTCP connection" }, (r) => r.mptcp),
  count: member.integer({ brief: "--hist: times that a socket left the state", width: 8 }, later),
  ...spreadMembers,
};

/** A change of a socket's state, or with `hist` all from one state. */
export type StateChange = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  arrow: table.text({ header: "->", brief: "between two states", width: -2 }, () => "->"),
  state: table.text({ brief: "old_state, of a histogram", width: -11 }, (e) => e.old_state),
  wide_comm: table.text({ header: "COMM", brief: "comm, 16 wide", width: -16 }, (e) => e.comm),
  wide_laddr: table.text({ header: "LADDR", brief: "laddr, 39 wide", width: -39 }, (e) => e.laddr),
  wide_raddr: table.text({ header: "RADDR", brief: "raddr, 39 wide", width: -39 }, (e) => e.raddr),
  drawn: table.words(
    { header: " ", brief: "histogram, drawn", as: "lines" },
    ({ histogram }) => histogramLines(histogram, { unit: "usecs" }),
  ),
};
