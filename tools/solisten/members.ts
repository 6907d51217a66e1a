/** What solisten shows of a call of listen(). */
import { event } from "#skel/solisten.ts";
import { errnoName, type EventOf, type LazyOf, membersOf } from "#lib/tool/mod.ts";
import {
  addressOf,
  familyName,
  isInet,
  portOf,
  protocolName,
  typeName,
} from "#lib/tool/families.ts";

const member = membersOf(event);

/** The members of an event. */
export const members = {
  time: { ...member.c.time, header: "TIME(s)", brief: "When the call returned" },
  pid: { ...member.c.pid, width: -7 },
  comm: { ...member.c.comm, width: -16 },
  ret: { ...member.c.ret, width: -10, brief: "0, or the error that it failed with" },
  error: member.text(
    { brief: "Error that it failed with" },
    (r) => r.ret < 0 ? errnoName(-r.ret) : undefined,
  ),
  /** Undefined for a socket that listened before the trace. */
  backlog: member.integer(
    { brief: "Connections that may wait, as asked for", width: -7 },
    (r) => r.already ? undefined : r.backlog,
  ),
  backlog_max: member.integer(
    { brief: "Connections that may wait: net.core.somaxconn may be less than asked for" },
    (r) => r.has_sock && r.ret === 0 ? r.backlog_max : undefined,
  ),
  queue: member.integer(
    { brief: "Connections that wait to be accepted" },
    (r) => r.has_sock && r.ret === 0 ? r.queue : undefined,
  ),
  proto: member.text(
    { brief: "Protocol of IP, or else the family of the socket: TCP, UNIX" },
    (r) => isInet(r) ? protocolName(r.protocol) : r.has_sock ? familyName(r.family) : undefined,
  ),
  port: member.integer(
    { brief: "Port that it listens at", width: -5 },
    (r) => r.is_ip ? r.port : portOf(r),
  ),
  addr: member.text(
    { brief: "Address; the path of a Unix socket, @NAME for an abstract one", width: -32 },
    (r) => addressOf(r, r.$addr),
  ),
  family: member.text(
    { brief: "Family of the socket: INET6" },
    (r) => r.has_sock ? familyName(r.family) : undefined,
  ),
  type: member.text({ brief: "stream, seqpacket" }, (r) => typeName(r.type)),
  ip: member.integer({ brief: "4 or 6" }, (r) => r.ip || undefined),
  fd: member.integer({ brief: "Descriptor" }, (r) => r.fd < 0 ? undefined : r.fd),
  already: member.boolean({ brief: "Whether it listened before the trace" }, (r) => r.already),
  tid: { ...member.c.tid, width: -7 },
  uid: { ...member.c.uid, brief: "User who listens", width: -6 },
  netns: member.integer(
    { brief: "Network namespace of the socket", width: -10 },
    (r) => r.netns || undefined,
  ),
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup of the process" },
};

/** A call of listen(), or a socket that listens. */
export type Listen = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  proto_ip: table.text(
    { header: "PROTO", brief: "proto, with v4 or v6 for IP: TCPv4, UNIX", width: -7 },
    ({ proto, family }) => {
      const version = family === "INET" ? "v4" : family === "INET6" ? "v6" : "";
      return proto === undefined ? undefined : `${proto}${version}`;
    },
  ),
  shown_backlog: table.integer(
    {
      header: "BACKLOG",
      brief: "backlog; backlog_max of a socket that listened already",
      width: -7,
    },
    ({ backlog, backlog_max }) => backlog ?? backlog_max,
  ),
};
