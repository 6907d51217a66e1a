#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** tcplife: TCP connections as they end, with the process, the bytes and the time of each. */
import { event, Tcplife } from "#skel/tcplife.ts";
import {
  DIRECTION,
  errnoName,
  type EventOf,
  flag,
  type LazyOf,
  loadHooks,
  membersOf,
  ownerMembers,
  ringTool,
  seedSocks,
  setSocketTargets,
  socketOptions,
  targetOptions,
  TCP_STATES,
  toolMain,
} from "#lib/tool/mod.ts";
import { closedBy, endOf } from "./tcplife/ends.ts";

const member = membersOf(event);

/** The members of an event. */
export const members = {
  time: { ...member.c.time, header: "TIME(s)", brief: "When the connection ended" },
  pid: ownerMembers.pid,
  comm: ownerMembers.comm,
  laddr: { ...member.c.laddr, brief: "Local address", width: -15 },
  lport: { ...member.c.lport, brief: "Local port" },
  raddr: { ...member.c.raddr, brief: "Remote address", width: -15 },
  rport: { ...member.c.rport, brief: "Remote port" },
  tx_bytes: member.integer(
    { header: "TX_KB", brief: "Bytes sent, each once", width: -6, unit: 1024, decimals: 2 },
    (r) => r.tx_bytes,
  ),
  rx_bytes: member.integer(
    { header: "RX_KB", brief: "Bytes received", width: -6, unit: 1024, decimals: 2 },
    (r) => r.rx_bytes,
  ),
  /** From the first SYN on; undefined if that was before the trace. */
  duration_ns: member.integer(
    { header: "MS", brief: "Time from the first SYN to the end", unit: 1e6, decimals: 2 },
    (r) => r.started === 0n ? undefined : r.time - r.started,
  ),
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip),
  owner_by: ownerMembers.owner_by,
  tid: ownerMembers.tid,
  uid: { ...member.c.uid, brief: "User who made the socket" },
  netns: { ...member.c.netns, brief: "Network namespace" },
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup that the socket was made in" },
  direction: member.text({ brief: "connect or accept" }, (r) => DIRECTION[r.direction]),
  started: member.time(
    { brief: "When the first SYN was sent or acknowledged" },
    (r) => r.started === 0n ? undefined : r.$wall(r.started),
  ),
  /** Of a connection that this side began, and that was established. */
  handshake_ns: member.integer(
    { brief: "connect: time from the first SYN to the answer", unit: 1e6, decimals: 2 },
    (r) =>
      DIRECTION[r.direction] === "connect" && r.established !== 0n
        ? r.established - r.started
        : undefined,
  ),
  retransmits: member.integer({ brief: "Segments sent again" }, (r) => r.retransmits),
  segs_in: member.integer({ brief: "Segments received" }, (r) => r.segs_in),
  segs_out: member.integer({ brief: "Segments sent" }, (r) => r.segs_out),
  srtt_us: member.integer(
    { brief: "Round trip time, smoothed, in microseconds" },
    (r) => r.srtt_us || undefined,
  ),
  min_rtt_us: member.integer(
    { brief: "Shortest round trip time, in microseconds" },
    (r) => r.min_rtt_us === NO_RTT ? undefined : r.min_rtt_us,
  ),
  old_state: member.text({ brief: "State before the end" }, (r) => TCP_STATES[r.oldstate]),
  end: member.text(
    { brief: "fin, reset, refused, timeout, closed (before it was established) or error" },
    endOf,
  ),
  error: member.text(
    { brief: "Error that the socket ended with" },
    (r) => r.error === 0 ? undefined : errnoName(r.error),
  ),
  closed_by: member.text({ brief: "Side that ended it first: local or remote" }, closedBy),
  mptcp: member.boolean({ brief: "Whether it was a path of an MPTCP connection" }, (r) => r.mptcp),
};

/** `tcp_min_rtt()` of a connection without a measurement: include/net/tcp.h. */
const NO_RTT = 0xffff_ffff;

/** A TCP connection that has ended. */
export type TcpLife = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  wide_laddr: table.text({ header: "LADDR", brief: "laddr, 39 wide", width: -39 }, (e) => e.laddr),
  wide_raddr: table.text({ header: "RADDR", brief: "raddr, 39 wide", width: -39 }, (e) => e.raddr),
};

export const { tool, start: tcplife } = ringTool({
  name: "tcplife",
  group: "network",
  brief: "Trace TCP connections as they end: process, bytes, duration",
  examples: [
    ["tcplife", "all of them"],
    ["tcplife -T", "include the time of day"],
    ["tcplife -L 22,80", "only those of these local ports"],
    ["tcplife --filter end==reset", "only those that were reset"],
  ],
  options: {
    wide: flag("w", "Show addresses in columns that hold any IPv6 address"),
    time: flag("T", "Include the time of day (HH:MM:SS)"),
    ...socketOptions,
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ time, wide }) => [
    time && "time",
    "pid",
    "comm",
    wide ? "wide_laddr" : "laddr",
    "lport",
    wide ? "wide_raddr" : "raddr",
    "rport",
    "tx_bytes",
    "rx_bytes",
    "duration_ns",
  ],
  failed: (e) => e.error !== undefined,
  open: () => Tcplife.open(),
  prepare({ rodata, progs }, options) {
    setSocketTargets(rodata, options);
    progs.seed_socks.autoattach = false;
    loadHooks(progs, { set_state: true });
  },
  attached: (skeleton) => seedSocks(skeleton),
});

if (import.meta.main) await toolMain(tool);
