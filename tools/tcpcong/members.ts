import type { group, times } from "#skel/tcpcong.ts";
import {
  addressText,
  type Counted,
  type EventOf,
  membersOf,
  OWNER_BY,
  OWNER_BY_BRIEF,
  usedSlots,
} from "#lib/tool/mod.ts";
import { unitOf, type UnitOptions } from "#lib/tool/task_times.ts";
import type { Congested, Latest } from "./connections.ts";
import { bar, BAR_WIDTH, STATES } from "./states.ts";

/** TCP_INFINITE_SSTHRESH of include/net/tcp.h. */
const INFINITE_SSTHRESH = 0x7fff_ffff;

/** What members are read from: a connection, or all stays in one state. */
export type Row = {
  readonly connection?: Congested;
  readonly stays?: group & times;
};

const member = membersOf<Counted<Row, UnitOptions>>();

/** A value of the row's connection. */
const of = <T>({ connection }: Row, value: (latest: Latest) => T): T | undefined =>
  connection && value(connection.latest);

/** The same of its owner, if that is known. */
const owned = <T>(row: Row, value: (latest: Latest) => T): T | undefined =>
  of(row, (latest) => latest.owner_by === 0 ? undefined : value(latest));

function timeIn(name: typeof STATES[number], brief: string) {
  const state = STATES.indexOf(name);
  return member.integer({ brief, width: 12 }, (r) => r.connection?.ns[state]);
}

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  pid: member.integer(
    { brief: "Process that owns the socket", width: -7 },
    (r) => owned(r, ({ pid }) => pid),
  ),
  comm: member.text({ brief: "Its name", width: -16 }, (r) => owned(r, ({ comm }) => comm)),
  laddr: member.text(
    { brief: "Local address", width: -15 },
    (r) => of(r, ({ laddr }) => addressText(laddr)),
  ),
  lport: member.integer({ brief: "Local port", width: -5 }, (r) => of(r, ({ lport }) => lport)),
  raddr: member.text(
    { brief: "Remote address", width: -15 },
    (r) => of(r, ({ raddr }) => addressText(raddr)),
  ),
  rport: member.integer({ brief: "Remote port", width: -5 }, (r) => of(r, ({ rport }) => rport)),
  open_ns: timeIn("open", "Time in which nothing was wrong"),
  disorder_ns: timeIn("disorder", "Time in which segments were acknowledged out of order"),
  recovery_ns: timeIn("recovery", "Time in which lost segments were sent again"),
  cwr_ns: timeIn("cwr", "Time in which the window was reduced, for ECN or a full queue"),
  loss_ns: timeIn("loss", "Time behind a timeout, until all of that was acknowledged"),
  changes: member.integer(
    { header: "Chgs", brief: "Changes of the state", width: -5 },
    (r) => r.connection?.changes,
  ),
  state: member.text(
    {
      brief: "State at the end: open, disorder, cwr, recovery, loss; -d: that of the stays",
      width: -8,
    },
    (r) => STATES[r.stays?.state ?? r.connection!.latest.state],
  ),
  state_ns: member.integer(
    { brief: "How long it was in this state by then", width: 12 },
    (r) => of(r, ({ state_ns }) => state_ns),
  ),
  closed: member.boolean(
    { brief: "Whether the connection has ended" },
    (r) => of(r, ({ closed }) => closed),
  ),
  algorithm: member.text(
    { brief: "Algorithm of congestion control: cubic, bbr", width: -9 },
    (r) => of(r, ({ algorithm }) => algorithm),
  ),
  cwnd: member.integer(
    { brief: "Segments that may be under way", width: 6 },
    (r) => of(r, ({ cwnd }) => cwnd),
  ),
  ssthresh: member.integer(
    { brief: "Where slow start ends; undefined if it has not ended yet", width: 8 },
    (r) => of(r, ({ ssthresh }) => ssthresh >= INFINITE_SSTHRESH ? undefined : ssthresh),
  ),
  srtt_us: member.integer(
    { brief: "Round trip time, smoothed, in microseconds", width: 8 },
    (r) => of(r, ({ srtt_us }) => srtt_us || undefined),
  ),
  lost: member.integer(
    { brief: "Segments that are taken for lost", width: 6 },
    (r) => of(r, ({ lost }) => lost),
  ),
  retransmits: member.integer(
    { header: "RETRANS", brief: "Segments sent again since the connection began", width: 7 },
    (r) => of(r, ({ retransmits }) => retransmits),
  ),
  owner_by: member.text(
    { brief: OWNER_BY_BRIEF },
    (r) => of(r, ({ owner_by }) => OWNER_BY[owner_by]),
  ),
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => of(r, ({ ip }) => ip)),
  uid: member.integer(
    { brief: "User who made the socket", width: -6 },
    (r) => of(r, ({ uid }) => uid),
  ),
  netns: member.integer(
    { brief: "Network namespace", width: -10 },
    (r) => of(r, ({ netns }) => netns),
  ),
  cgroup_id: member.integer(
    { brief: "Cgroup that the socket was made in" },
    (r) => of(r, ({ cgroup_id }) => cgroup_id),
  ),
  mptcp: member.boolean(
    { brief: "Whether it is a path of an MPTCP connection" },
    (r) => of(r, ({ mptcp }) => mptcp),
  ),
  count: member.integer(
    { brief: "-d: stays in the state", width: 8 },
    ({ stays }) => stays && Number(stays.count),
  ),
  total_ns: member.integer(
    { brief: "-d: how long they took together", width: 14 },
    ({ stays }) => stays?.total_ns,
  ),
  avg_ns: member.integer(
    { brief: "-d: average", width: 12 },
    ({ stays }) => stays && stays.total_ns / stays.count,
  ),
  min_ns: member.integer({ brief: "-d: shortest", width: 12 }, ({ stays }) => stays?.min_ns),
  max_ns: member.integer({ brief: "-d: longest", width: 12 }, ({ stays }) => stays?.max_ns),
  unit: member.text(
    { brief: "-d: unit of the histogram, ms or us", width: -4 },
    ({ stays, $own }) => stays && unitOf($own).short,
  ),
  histogram: member.integers(
    { brief: "-d: stays of 2^i to 2^(i+1) - 1 of the unit" },
    ({ stays }) => stays && usedSlots(stays.slots),
  ),
};

/** A row of a table: a connection, or with `dist` all stays in one state. */
export type Congestion = EventOf<typeof members>;

const table = membersOf<Congestion>();

/** Times as the Python tool has them: whole milliseconds or microseconds. */
function columnsIn(unit: "ms" | "us") {
  const look = { unit: unit === "ms" ? 1e6 : 1e3, decimals: 0 };
  const column = (
    name: "open_ns" | "disorder_ns" | "recovery_ns" | "cwr_ns" | "loss_ns",
    short: string,
    width: number,
  ) =>
    table.integer(
      { header: `${short}_${unit}`, brief: `${name}, in ${unit}`, width, ...look },
      (e) => e[name],
    );
  return [
    column("open_ns", "Open", -7),
    column("disorder_ns", "Dod", -6),
    column("recovery_ns", "Rcov", -7),
    column("cwr_ns", "Cwr", -7),
    column("loss_ns", "Los", -6),
  ] as const;
}

const [open_ms, disorder_ms, recovery_ms, cwr_ms, loss_ms] = columnsIn("ms");
const [open_us, disorder_us, recovery_us, cwr_us, loss_us] = columnsIn("us");

const local = (e: Congestion) => e.laddr === undefined ? undefined : `${e.laddr}/${e.lport}`;
const remote = (e: Congestion) => e.raddr === undefined ? undefined : `${e.raddr}/${e.rport}`;

/** What tables alone show. */
export const derived = {
  local: table.text({ header: "LAddrPort", brief: "laddr and lport", width: -21 }, local),
  remote: table.text({ header: "RAddrPort", brief: "raddr and rport", width: -21 }, remote),
  local6: table.text({ header: "LAddrPort6", brief: "local, 32 wide", width: -32 }, local),
  remote6: table.text({ header: "RAddrPort6", brief: "remote, 32 wide", width: -32 }, remote),
  open_ms,
  disorder_ms,
  recovery_ms,
  cwr_ms,
  loss_ms,
  open_us,
  disorder_us,
  recovery_us,
  cwr_us,
  loss_us,
  bar: table.text(
    {
      brief: "Times of the states: . open, d disorder, c cwr, r recovery, L loss",
      width: -BAR_WIDTH,
    },
    ({ open_ns, disorder_ns, cwr_ns, recovery_ns, loss_ns }) =>
      open_ns === undefined
        ? undefined
        : bar([open_ns, disorder_ns!, cwr_ns!, recovery_ns!, loss_ns!].map(BigInt)),
  ),
};
