/** What sockets shows of a socket. */
import type { event } from "#skel/sockets.ts";
import {
  addressText,
  type Counted,
  endText,
  type EventOf,
  membersOf,
  TCP_STATES,
} from "#lib/tool/mod.ts";
import {
  addressOf,
  familyName,
  hasTcpStates,
  isInet,
  netlinkName,
  portOf,
  protocolName,
  typeName,
} from "#lib/tool/families.ts";
import { CLOSE, isConnected, isRaw, isTcp, LISTEN, NEW_SYN_RECV } from "./kinds.ts";
import type { Found } from "./snapshot.ts";

/** `enum sock_options` of bpf/sockets.bpf.c. */
const OPTIONS = ["reuseaddr", "reuseport", "v6only", "keepalive", "linger", "broadcast"];

const member = membersOf<Counted<Found>>();

/** A value of what is more than a stub. */
function full<T>({ socket }: Found, value: (socket: event) => T): T | undefined {
  return socket.stub ? undefined : value(socket);
}

/** A value that a connection of TCP has, and what listens has not. */
function carried<T>({ socket }: Found, value: (socket: event) => T): T | undefined {
  const { stub, state } = socket;
  return isTcp(socket) && !stub && state !== LISTEN && state !== CLOSE ? value(socket) : undefined;
}

/** A value of what listens. */
function listening<T>({ socket }: Found, value: (socket: event) => T): T | undefined {
  return stateOf(socket) === "LISTEN" ? value(socket) : undefined;
}

/** A value of what does not listen, and so has queues of data. */
function queued<T>(found: Found, value: (socket: event) => T): T | undefined {
  return stateOf(found.socket) === "LISTEN" ? undefined : full(found, value);
}

function protoOf(socket: event): string {
  if (!isInet(socket)) return familyName(socket.family);
  return isRaw(socket) ? "RAW" : protocolName(socket.protocol);
}

/** Families that have no connections call it closed if there is none; and the kernel has two kinds of SYN_RECV. */
function stateOf(socket: event): string | undefined {
  if (!hasTcpStates(socket)) return undefined;
  if (socket.state === NEW_SYN_RECV) return "SYN_RECV";
  return socket.state === CLOSE && !isTcp(socket) ? "UNCONN" : TCP_STATES[socket.state];
}

/** The end that others see; a socket that is bound to nothing has none. */
function localOf(socket: event): string | undefined {
  const { is_ip, lport, laddr, address_size } = socket;
  const bound = is_ip ? lport !== 0 || !isAny(laddr) : address_size > 0;
  return bound ? addressOf(socket, laddr) : undefined;
}

function remoteOf(socket: event): string | undefined {
  if (socket.is_ip) return isConnected(socket) ? addressText(socket.raddr) : undefined;
  const { family, is_ip, peer_address_size, peer_address } = socket;
  const other = { family, is_ip, address: peer_address, address_size: peer_address_size };
  return peer_address_size > 0 ? addressOf(other, socket.raddr) : undefined;
}

function isAny(address: Uint8Array): boolean {
  const text = addressText(address);
  return text === "0.0.0.0" || text === "::";
}

/** The members of a socket. */
export const members = {
  /** When they were looked at, in nanoseconds since 1970. */
  time: member.time({ brief: "When it was looked at", width: -8 }, (r) => r.$time),
  /** Undefined where no process is known. */
  pid: member.integer(
    { brief: "Process that has the socket open; of several, the first", width: -7 },
    (r) => r.owner?.pid,
  ),
  comm: member.text({ brief: "Its name", width: -15 }, (r) => r.owner?.comm),
  fd: member.integer(
    { brief: "Its descriptor", width: -4 },
    (r) => r.owner_by === "file" && r.holders.includes(r.owner!) ? r.owner!.fd : undefined,
  ),
  pids: member.integers(
    { brief: "All processes that have the socket open" },
    (r) => [...new Set(r.holders.map(({ pid }) => pid))],
  ),
  holders: member.structure(
    { brief: "The same, each with comm and fd" },
    (r) => r.holders.map(({ pid, comm, fd }) => ({ pid, comm, fd })),
  ),
  owner_by: member.text(
    { brief: "How the process is known: file (has it open), listener (what it came to)" },
    (r) => r.owner_by,
  ),
  container: member.text(
    { brief: "Id of the container that the process is in", width: -12 },
    (r) => r.container,
  ),
  proto: member.text(
    { brief: "Protocol of IP, or else the family of the socket: TCP, UNIX", width: -7 },
    (r) => protoOf(r.socket),
  ),
  family: member.text(
    { brief: "Family of the socket: INET6" },
    (r) => familyName(r.socket.family),
  ),
  type: member.text({ brief: "stream, dgram, seqpacket, raw" }, (r) => typeName(r.socket.type)),
  protocol: member.integer({ brief: "Number of the protocol" }, (r) => r.socket.protocol),
  state: member.text(
    { brief: "State: ESTABLISHED, LISTEN; UNCONN if it has no other end", width: -11 },
    (r) => stateOf(r.socket),
  ),
  laddr: member.text(
    { brief: "Local address; the path of a Unix socket, @NAME for an abstract one", width: -15 },
    (r) => localOf(r.socket),
  ),
  lport: member.integer(
    { brief: "Local port", width: -5 },
    ({ socket }) => isRaw(socket) ? undefined : socket.lport || portOf(socket),
  ),
  raddr: member.text({ brief: "Remote address", width: -15 }, (r) => remoteOf(r.socket)),
  rport: member.integer(
    { brief: "Remote port", width: -5 },
    ({ socket }) => isConnected(socket) ? socket.rport || undefined : undefined,
  ),
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.socket.ip || undefined),
  peer_pid: member.integer(
    { brief: "Process at the other end, in the same network namespace", width: -7 },
    (r) => r.peer?.pid,
  ),
  peer_comm: member.text({ brief: "Its name", width: -15 }, (r) => r.peer?.comm),
  peer_inode: member.integer(
    { brief: "Inode of the socket at the other end", width: 9 },
    (r) => r.peer_inode,
  ),
  inode: member.integer(
    { brief: "Inode, as in /proc/PID/fd", width: 9 },
    (r) => r.socket.inode || undefined,
  ),
  recv_queue_bytes: member.integer(
    { brief: "Bytes that the process has not read" },
    (r) => queued(r, ({ cut, recv_queue_bytes }) => cut ? undefined : recv_queue_bytes),
  ),
  send_queue_bytes: member.integer(
    { brief: "Bytes that the other side has not acknowledged, or not read" },
    (r) => queued(r, (socket) => socket.send_queue_bytes),
  ),
  queue: member.integer(
    { brief: "Connections that wait to be accepted" },
    (r) => listening(r, (socket) => socket.queue),
  ),
  backlog_max: member.integer(
    { brief: "Connections that may wait" },
    (r) => listening(r, (socket) => socket.backlog_max),
  ),
  syn_queue: member.integer(
    { brief: "TCP: connections whose handshake has begun" },
    (r) => isTcp(r.socket) ? listening(r, (socket) => socket.syn_queue) : undefined,
  ),
  drops: member.integer(
    { brief: "Packets that were dropped", width: 6 },
    (r) => full(r, (socket) => socket.drops),
  ),
  tx_sent_bytes: member.integer(
    { brief: "TCP: bytes sent, each once", width: 12 },
    (r) => carried(r, (socket) => socket.tx_sent_bytes),
  ),
  rx_bytes: member.integer(
    { brief: "TCP: bytes received", width: 12 },
    (r) => carried(r, (socket) => socket.rx_bytes),
  ),
  retransmits: member.integer(
    { brief: "TCP: segments sent again" },
    (r) => carried(r, (socket) => socket.retransmits),
  ),
  srtt_us: member.integer(
    { brief: "TCP: round trip time, smoothed, in microseconds" },
    (r) => carried(r, (socket) => socket.srtt_us || undefined),
  ),
  options: member.words(
    { brief: OPTIONS.join(", ") },
    ({ socket }) => OPTIONS.filter((_, bit) => socket.options & 1 << bit),
  ),
  ifindex: member.integer(
    { brief: "Device that the socket is bound to, by number", width: -5 },
    (r) => r.socket.ifindex || undefined,
  ),
  uid: member.integer(
    { brief: "User who made the socket", width: -5 },
    (r) => full(r, (socket) => socket.uid),
  ),
  netns: member.integer({ brief: "Network namespace", width: -10 }, (r) => r.socket.netns),
  cgroup_id: member.integer(
    { brief: "Cgroup that the socket was made in" },
    (r) => full(r, (socket) => socket.cgroup_id),
  ),
  mptcp: member.boolean(
    { brief: "Whether it is a path of an MPTCP connection" },
    (r) => r.socket.mptcp,
  ),
};

/** A socket, as it was when it was looked at. */
export type SocketRow = EventOf<typeof members>;

const table = membersOf<SocketRow>();

/** An end; where there are no ports, the address alone, and with raw and netlink sockets the protocol. */
function local({ laddr, lport, proto, protocol }: SocketRow): string | undefined {
  if (proto === "NETLINK") return `${netlinkName(protocol)} ${laddr ?? ""}`.trim();
  if (laddr === undefined) return undefined;
  if (proto === "RAW") return endText(laddr, protocolName(protocol));
  return lport === undefined ? laddr : endText(laddr, lport);
}

/** What is at the other end: a Unix socket need not have an address there, but a process. */
function remote({ raddr, rport, peer_pid, peer_comm }: SocketRow): string | undefined {
  if (raddr !== undefined) return rport === undefined ? raddr : endText(raddr, rport);
  return peer_pid === undefined ? undefined : `${peer_comm}[${peer_pid}]`;
}

/** What tables alone show. */
export const derived = {
  local: table.text({ header: "LADDR", brief: "laddr and lport", width: -21 }, local),
  remote: table.text(
    { header: "RADDR", brief: "raddr and rport; without an address COMM[PID]", width: -21 },
    remote,
  ),
  local6: table.text({ header: "LADDR6", brief: "local, 51 wide", width: -51 }, local),
  remote6: table.text({ header: "RADDR6", brief: "remote, 51 wide", width: -51 }, remote),
  recvq: table.integer(
    { header: "RECVQ", brief: "recv_queue_bytes; queue of a socket that listens", width: 6 },
    ({ recv_queue_bytes, queue }) => queue ?? recv_queue_bytes,
  ),
  sendq: table.integer(
    { header: "SENDQ", brief: "send_queue_bytes; backlog_max of a socket that listens", width: 6 },
    ({ send_queue_bytes, backlog_max }) => backlog_max ?? send_queue_bytes,
  ),
};
