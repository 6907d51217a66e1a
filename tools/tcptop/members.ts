import {
  addressText,
  type Counted,
  endText,
  type EventOf,
  membersOf,
  OWNER_BY,
  OWNER_BY_BRIEF,
  TCP_STATES,
} from "#lib/tool/mod.ts";
import type { By, Usage } from "./connections.ts";

/** What members are read by. */
export function own({ by }: { readonly by: By }) {
  return { by };
}

type Row = Counted<Usage, ReturnType<typeof own>>;

const member = membersOf<Row>();

/** What a row stands for besides connections: the members that all of its connections have in common. */
const COMMON: Readonly<Record<By, readonly string[]>> = {
  connection: [],
  process: ["pid"],
  remote: ["raddr"],
  local_port: ["lport"],
  netns: ["netns"],
  subnet: [],
};

/** A value if the row is of one connection, or if it is one that all connections of the row have in common. */
function of<T>(r: Row, name: string, value: (latest: Usage["latest"]) => T): T | undefined {
  const { by } = r.$own;
  return by === "connection" || COMMON[by].includes(name) ? value(r.latest) : undefined;
}

const perSecond = (r: Row, bytes: bigint) => Math.round(Number(bytes) * 8 / r.$seconds);

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** Undefined where nobody is known to own the socket. */
  pid: member.integer(
    { brief: "Process that owns the socket", width: -7 },
    (r) => of(r, "pid", ({ pid, owner_by }) => owner_by === 0 ? undefined : pid),
  ),
  comm: member.text(
    { brief: "Its name", width: -16 },
    (r) => of(r, "pid", ({ comm, owner_by }) => owner_by === 0 ? undefined : comm),
  ),
  pids: member.integers(
    { brief: "All processes that have the socket open" },
    (r) => of(r, "pids", () => r.pids),
  ),
  owner_by: member.text(
    { brief: `${OWNER_BY_BRIEF}, file (has it open)` },
    (r) => of(r, "owner_by", ({ owner_by }) => OWNER_BY[owner_by]),
  ),
  laddr: member.text(
    { brief: "Local address", width: -15 },
    (r) => of(r, "laddr", ({ laddr }) => addressText(laddr)),
  ),
  lport: member.integer(
    { brief: "Local port", width: -5 },
    (r) => of(r, "lport", ({ lport }) => lport),
  ),
  raddr: member.text(
    { brief: "Remote address", width: -39 },
    (r) => of(r, "raddr", ({ raddr }) => addressText(raddr)),
  ),
  rport: member.integer(
    { brief: "Remote port", width: -5 },
    (r) => of(r, "rport", ({ rport }) => rport),
  ),
  subnet: member.text(
    { brief: "Subnet of the remote address, with --by subnet", width: -24 },
    (r) => r.subnet,
  ),
  rx_bytes: member.integer({ brief: "Bytes received", width: 12 }, (r) => r.rx_bytes),
  tx_bytes: member.integer(
    { brief: "Bytes that the process has handed over to be sent", width: 12 },
    (r) => r.tx_bytes,
  ),
  tx_sent_bytes: member.integer(
    { brief: "Bytes sent, each once", width: 12 },
    (r) => r.tx_sent_bytes,
  ),
  rx_rate_bps: member.integer(
    { brief: "rx_bytes, in bits a second", width: 12 },
    (r) => perSecond(r, r.rx_bytes),
  ),
  tx_rate_bps: member.integer(
    { brief: "tx_bytes, in bits a second", width: 12 },
    (r) => perSecond(r, r.tx_bytes),
  ),
  retransmits: member.integer({ brief: "Segments sent again" }, (r) => r.retransmits),
  connections: member.integer(
    { brief: "Connections that carried something" },
    (r) => r.connections,
  ),
  srtt_us: member.integer(
    { brief: "Round trip time, smoothed, in microseconds" },
    (r) => of(r, "srtt_us", ({ srtt_us }) => srtt_us || undefined),
  ),
  send_queue_bytes: member.integer(
    { brief: "Bytes that the other side has not acknowledged" },
    (r) => of(r, "send_queue_bytes", (latest) => latest.send_queue_bytes),
  ),
  recv_queue_bytes: member.integer(
    { brief: "Bytes that the process has not read" },
    (r) => of(r, "recv_queue_bytes", (latest) => latest.recv_queue_bytes),
  ),
  state: member.text(
    { brief: "State of the socket, or the one before it was closed", width: -11 },
    (r) => of(r, "state", ({ state }) => TCP_STATES[state]),
  ),
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => of(r, "ip", ({ ip }) => ip)),
  uid: member.integer(
    { brief: "User who made the socket", width: -6 },
    (r) => of(r, "uid", ({ uid }) => uid),
  ),
  netns: member.integer(
    { brief: "Network namespace", width: -10 },
    (r) => of(r, "netns", ({ netns }) => netns),
  ),
  cgroup_id: member.integer(
    { brief: "Cgroup that the socket was made in" },
    (r) => of(r, "cgroup_id", (latest) => latest.cgroup_id),
  ),
  mptcp: member.boolean(
    { brief: "Whether it is a path of an MPTCP connection" },
    (r) => of(r, "mptcp", ({ mptcp }) => mptcp),
  ),
};

/** What connections carried since the table before. */
export type TcpUsage = EventOf<typeof members>;

const table = membersOf<TcpUsage>();

const laddr = (e: TcpUsage) => endText(e.laddr, e.lport);
const raddr = (e: TcpUsage) => endText(e.raddr, e.rport);

/** What tables alone show. */
export const derived = {
  local: table.text({ header: "LADDR", brief: "laddr and lport", width: -21 }, laddr),
  remote: table.text({ header: "RADDR", brief: "raddr and rport", width: -21 }, raddr),
  local6: table.text({ header: "LADDR6", brief: "local, 51 wide", width: -51 }, laddr),
  remote6: table.text({ header: "RADDR6", brief: "remote, 51 wide", width: -51 }, raddr),
  rx_kb: table.integer(
    { header: "RX_KB", brief: "rx_bytes, in KiB", width: 6, unit: 1024 },
    (e) => e.rx_bytes,
  ),
  tx_kb: table.integer(
    { header: "TX_KB", brief: "tx_bytes, in KiB", width: 6, unit: 1024 },
    (e) => e.tx_bytes,
  ),
  all: table.integer(
    { brief: "rx_bytes + tx_bytes: what the C tool sorts by", width: 12 },
    (e) => e.rx_bytes + e.tx_bytes,
  ),
};
