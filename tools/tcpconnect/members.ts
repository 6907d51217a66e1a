/** What tcpconnect shows of an attempt to connect. */
import { event } from "#skel/tcpconnect.ts";
import { errnoName, type EventOf, type LazyOf, membersOf } from "#lib/tool/mod.ts";

/** What is kept for a trace: when the first attempt that is shown ended, in nanoseconds since boot. */
export function own(): { first?: bigint } {
  return {};
}

const member = membersOf(event, own);

/** The errors that have a word of their own; all others are `failed`. */
const RESULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
};

function resultOf({ begins, established, error }: {
  readonly begins: boolean;
  readonly established: boolean;
  readonly error: number;
}): string {
  if (begins) return "started";
  if (established) return "established";
  return error === 0 ? "closed" : RESULTS[errnoName(error)] ?? "failed";
}

/** The members of an event. */
export const members = {
  time: { ...member.c.time, brief: "When the attempt ended" },
  pid: member.integer(
    { brief: "Process that connects", width: -6 },
    (r) => r.owned ? r.pid : undefined,
  ),
  comm: member.text({ brief: "Its name", width: -16 }, (r) => r.owned ? r.$comm : undefined),
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip),
  laddr: { ...member.c.laddr, header: "SADDR", brief: "Local address" },
  raddr: { ...member.c.raddr, header: "DADDR", brief: "Remote address" },
  lport: member.integer(
    { header: "SPORT", brief: "Local port", width: -5 },
    (r) => r.lport || undefined,
  ),
  rport: { ...member.c.rport, header: "DPORT", brief: "Remote port" },
  result: member.text(
    { brief: "established, refused, timeout, unreachable, failed, closed or started", width: -11 },
    resultOf,
  ),
  error: member.text(
    { brief: "Error that it failed with" },
    (r) => r.error === 0 ? undefined : errnoName(r.error),
  ),
  latency_ns: member.integer(
    { header: "MS", brief: "Time from the first SYN to the end", unit: 1e6, decimals: 2, width: 8 },
    (r) => r.begins || r.started === 0n ? undefined : r.time - r.started,
  ),
  syn_retransmits: member.integer({ brief: "SYNs sent again" }, (r) => r.syn_retransmits),
  tid: member.integer(
    { brief: "Thread that connects", width: -7 },
    (r) => r.owned ? r.tid : undefined,
  ),
  uid: member.integer({ brief: "Its user", width: -6 }, (r) => r.owned ? r.uid : undefined),
  netns: { ...member.c.netns, brief: "Network namespace" },
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup that the socket was made in" },
  fastopen: member.boolean({ brief: "Whether the SYN asked for Fast Open" }, (r) => r.fastopen),
  mptcp: member.boolean({ brief: "Whether it is a path of an MPTCP connection" }, (r) => r.mptcp),
  connects: member.integer({ brief: "-c: attempts that were alike", width: -10 }, once),
  failures: member.integer({ brief: "-c: those that failed", width: -10 }, never),
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
