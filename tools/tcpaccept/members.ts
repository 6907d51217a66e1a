/** What tcpaccept shows of a connection that waits to be accepted. */
import { event } from "#skel/tcpaccept.ts";
import { CONNECTION_TYPES, connectionMembers, type EventOf, membersOf } from "#lib/tool/mod.ts";

/** What is kept for a trace: when the first event that is shown happened, in nanoseconds since boot. */
export function own(): { first?: bigint } {
  return {};
}

const member = membersOf(event, own);

const RESULTS: Readonly<Record<string, string>> = {
  accept: "accepted",
  drop: "dropped",
  accept_fail: "failed",
};

/** The members of an event. */
export const members = {
  time: { ...member.c.time, brief: "When accept() returned" },
  pid: { ...connectionMembers.pid, brief: "Process that accepts; of dropped ones, that listens" },
  comm: connectionMembers.comm,
  ip: connectionMembers.ip,
  raddr: { ...member.c.raddr, brief: "Remote address" },
  rport: { ...member.c.rport, brief: "Remote port" },
  laddr: { ...member.c.laddr, brief: "Local address" },
  lport: { ...member.c.lport, brief: "Local port" },
  wait_ns: {
    ...connectionMembers.wait_ns,
    brief: "Time that the connection waited to be accepted",
  },
  queue: { ...connectionMembers.queue, brief: "Connections that waited when this one came" },
  queue_max: { ...connectionMembers.queue_max, brief: "How many may wait" },
  result: member.text(
    { brief: "accepted; on request failed, dropped (it ended before it was accepted)", width: -8 },
    (r) => RESULTS[CONNECTION_TYPES[r.type]],
  ),
  error: connectionMembers.error,
  fd: { ...connectionMembers.fd, brief: "Descriptor that accept() has returned" },
  owner_by: connectionMembers.owner_by,
  tid: { ...connectionMembers.tid, brief: "Its thread" },
  uid: { ...member.c.uid, brief: "User who accepts" },
  netns: { ...member.c.netns, brief: "Network namespace" },
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup that the socket was made in" },
  mptcp: connectionMembers.mptcp,
  since_first: connectionMembers.since_first,
};

/** A connection that was accepted, or on request one that was not. */
export type Accept = EventOf<typeof members>;
