/** What tcpconnlat shows of a connection. */
import { event } from "#skel/tcpconnlat.ts";
import {
  connectMembers,
  type EventOf,
  histogramLines,
  type LazyOf,
  membersOf,
  spreadMembers,
} from "#lib/tool/mod.ts";

/** What is kept for a trace: when the first attempt that is shown ended, in nanoseconds since boot. */
export function own(): { first?: bigint } {
  return {};
}

const member = membersOf(event, own);

/** What a single connection does not have: histograms() of tools/tcpconnlat/histograms.ts adds it up. */
const later = (): number | undefined => undefined;

/** The members of an event. */
export const members = {
  time: { ...member.c.time, brief: "When the attempt ended" },
  pid: connectMembers.pid,
  comm: { ...connectMembers.comm, width: -12 },
  ip: connectMembers.ip,
  laddr: { ...member.c.laddr, header: "SADDR", brief: "Local address" },
  lport: { ...connectMembers.lport, header: "LPORT", width: -6 },
  raddr: { ...member.c.raddr, header: "DADDR", brief: "Remote address" },
  rport: { ...member.c.rport, header: "DPORT", brief: "Remote port" },
  result: connectMembers.result,
  error: connectMembers.error,
  latency_ns: { ...connectMembers.latency_ns, header: "LAT(ms)", width: -8 },
  syn_retransmits: connectMembers.syn_retransmits,
  tid: connectMembers.tid,
  uid: connectMembers.uid,
  netns: { ...member.c.netns, brief: "Network namespace" },
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup that the socket was made in" },
  fastopen: connectMembers.fastopen,
  mptcp: connectMembers.mptcp,
  since_first: connectMembers.since_first,
  connects: member.integer({ brief: "--hist: connections", width: 8 }, later),
  failures: member.integer({ brief: "--hist: attempts that came to none", width: 8 }, later),
  ...spreadMembers,
};

/** A connection, or with `hist` all that went to the same address. */
export type ConnectLatency = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  drawn: table.words(
    { header: " ", brief: "histogram, drawn", as: "lines" },
    ({ histogram }) => histogramLines(histogram, { unit: "usecs" }),
  ),
};
