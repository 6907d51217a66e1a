/** What tcpconnect shows of an attempt to connect. */
import { event } from "#skel/tcpconnect.ts";
import { connectMembers, type EventOf, type LazyOf, membersOf } from "#lib/tool/mod.ts";

/** What is kept for a trace: when the first attempt that is shown ended, in nanoseconds since boot. */
export function own(): { first?: bigint } {
  return {};
}

const member = membersOf(event, own);

/** The members of an event. */
export const members = {
  time: { ...member.c.time, brief: "When the attempt ended" },
  pid: connectMembers.pid,
  comm: connectMembers.comm,
  ip: connectMembers.ip,
  laddr: { ...member.c.laddr, header: "SADDR", brief: "Local address" },
  raddr: { ...member.c.raddr, header: "DADDR", brief: "Remote address" },
  lport: connectMembers.lport,
  rport: { ...member.c.rport, header: "DPORT", brief: "Remote port" },
  result: connectMembers.result,
  error: connectMembers.error,
  latency_ns: connectMembers.latency_ns,
  syn_retransmits: connectMembers.syn_retransmits,
  tid: connectMembers.tid,
  uid: connectMembers.uid,
  netns: { ...member.c.netns, brief: "Network namespace" },
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup that the socket was made in" },
  fastopen: connectMembers.fastopen,
  mptcp: connectMembers.mptcp,
  since_first: connectMembers.since_first,
  connects: member.integer({ brief: "-c: attempts that were alike", width: -10 }, once),
  failures: member.integer({ brief: "-c: those that failed", width: -10 }, never),
};

/** One attempt is not counted: counts() of tools/tcpconnect/counts.ts does that. */
function once(): number | undefined {
  return undefined;
}

function never(): number | undefined {
  return undefined;
}

/** An attempt to connect, or with `count` all that were alike. */
export type Connect = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  counted_laddr: table.text(
    { header: "LADDR", brief: "laddr, 25 wide", width: -25 },
    (e) => e.laddr,
  ),
  counted_raddr: table.text(
    { header: "RADDR", brief: "raddr, 25 wide", width: -25 },
    (e) => e.raddr,
  ),
  counted_lport: table.integer(
    { header: "LPORT", brief: "lport, 20 wide", width: -20 },
    (e) => e.lport,
  ),
  counted_rport: table.integer(
    { header: "RPORT", brief: "rport, 20 wide", width: -20 },
    (e) => e.rport,
  ),
};
