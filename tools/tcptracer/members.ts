/** What tcptracer shows of a connection. */
import { event } from "#skel/tcptracer.ts";
import {
  CONNECTION_TYPES,
  connectionMembers,
  type EventOf,
  type LazyOf,
  membersOf,
  SockIds,
} from "#lib/tool/mod.ts";

/** What is kept for a trace: when the first event that is shown happened, in nanoseconds since boot. */
export function own(): { first?: bigint; ids: SockIds } {
  return { ids: new SockIds() };
}

const member = membersOf(event, own);

/** The kernel half distinguishes failures of connect() and of accept(): here `direction` does. */
const FAILURES: readonly string[] = ["connect_fail", "accept_fail"];

function typeOf(type: string): string {
  return FAILURES.includes(type) ? "fail" : type;
}

/** The types of the kernel half that these are. */
export function typesOf(types: readonly string[]): readonly string[] {
  return types.flatMap((type) => type === "fail" ? FAILURES : type);
}

/** The members of an event. */
export const members = {
  time: { ...member.c.time, brief: "When it happened" },
  type: member.text(
    { brief: "connect, accept, close; on request fail, drop (it ended before it was accepted)" },
    (r) => typeOf(CONNECTION_TYPES[r.type]),
  ),
  sock_id: member.integer(
    { brief: "Number of the socket, which its events have in common", width: -7 },
    (r) => r.$own.ids.of(r.sk, r.started),
  ),
  pid: { ...connectionMembers.pid, width: -6 },
  comm: connectionMembers.comm,
  ip: connectionMembers.ip,
  laddr: { ...member.c.laddr, header: "SADDR", brief: "Local address" },
  raddr: { ...member.c.raddr, header: "DADDR", brief: "Remote address" },
  lport: { ...member.c.lport, header: "SPORT", brief: "Local port" },
  rport: { ...member.c.rport, header: "DPORT", brief: "Remote port" },
  error: connectionMembers.error,
  latency_ns: connectionMembers.latency_ns,
  wait_ns: connectionMembers.wait_ns,
  duration_ns: connectionMembers.duration_ns,
  fd: connectionMembers.fd,
  queue: connectionMembers.queue,
  queue_max: connectionMembers.queue_max,
  owner_by: connectionMembers.owner_by,
  direction: connectionMembers.direction,
  tid: connectionMembers.tid,
  uid: { ...member.c.uid, brief: "User who made or accepted the socket", width: -6 },
  netns: { ...member.c.netns, brief: "Network namespace" },
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup that the socket was made in" },
  mptcp: connectionMembers.mptcp,
  since_first: connectionMembers.since_first,
};

/** What has become of a connection. */
export type TcpEvent = EventOf<typeof members>;

const LETTERS: Readonly<Record<string, string>> = {
  connect: "C",
  accept: "A",
  close: "X",
  fail: "F",
  drop: "D",
};

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  letter: table.text(
    { header: "T", brief: "type: C, A, X (close), F, D", width: -1 },
    ({ type }) => LETTERS[type],
  ),
};
