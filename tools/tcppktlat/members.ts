/** What tcppktlat shows of data that a process reads. */
import { event } from "#skel/tcppktlat.ts";
import {
  type EventOf,
  histogramLines,
  type LazyOf,
  membersOf,
  spreadMembers,
} from "#lib/tool/mod.ts";

/** What histograms may be of. */
export const BY = ["all", "process", "lport"] as const;

const member = membersOf(event);

/** What a single row does not have: histograms() of tools/tcppktlat/histograms.ts adds it up. */
const later = (): number | undefined => undefined;

/** The members of an event. */
export const members = {
  time: { ...member.c.time, header: "TIME(s)", brief: "When they were read" },
  pid: { ...member.c.pid, brief: "Process that has read them", width: -7 },
  tid: { ...member.c.tid, brief: "Its thread", width: -7 },
  comm: { ...member.c.comm, brief: "Name of the process" },
  laddr: { ...member.c.laddr, brief: "Local address", width: -15 },
  lport: { ...member.c.lport, brief: "Local port" },
  raddr: { ...member.c.raddr, brief: "Remote address", width: -15 },
  rport: { ...member.c.rport, brief: "Remote port" },
  latency_ns: {
    ...member.c.latency_ns,
    brief: "How long the first byte has waited, in nanoseconds",
  },
  segments: member.integer(
    { brief: "Segments that have come from then on, that of the byte included" },
    (r) => r.segments,
  ),
  recv_queue_bytes: member.integer(
    { brief: "Bytes that were there to be read, from the first one on" },
    (r) => r.recv_queue_bytes,
  ),
  ip: member.integer({ brief: "4 or 6" }, (r) => r.ip),
  uid: { ...member.c.uid, brief: "User who has read them" },
  netns: { ...member.c.netns, brief: "Network namespace" },
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup that the socket was made in" },
  reads: member.integer({ brief: "--hist: how many times", width: 8 }, later),
  ...spreadMembers,
};

/** Data that were read, or with `hist` all that have something in common. */
export type PacketLatency = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  ms: table.integer(
    { header: "MS", brief: "latency_ns, in ms", unit: 1e6, decimals: 2 },
    (e) => e.latency_ns,
  ),
  wide_laddr: table.text(
    { header: "LADDR", brief: "laddr, in a column that holds any", width: -39 },
    (e) => e.laddr,
  ),
  wide_raddr: table.text(
    { header: "RADDR", brief: "raddr, in a column that holds any", width: -39 },
    (e) => e.raddr,
  ),
  drawn: table.words(
    { header: " ", brief: "histogram, drawn", as: "lines" },
    ({ histogram }) => histogramLines(histogram, { unit: "usecs" }),
  ),
};
