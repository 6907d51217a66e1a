/** What bindsnoop shows of a call that binds a socket. */
import { event } from "#skel/bindsnoop.ts";
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

/** The options of a socket with the letters of the C tool, in the order of `enum bind_options`. */
const OPTIONS = [
  { name: "freebind", letter: "F" },
  { name: "transparent", letter: "T" },
  { name: "bind_address_no_port", letter: "N" },
  { name: "reuseaddr", letter: "R" },
  { name: "reuseport", letter: "r" },
];

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
  proto: member.text(
    { brief: "Protocol of IP, or else the family of the socket: TCP, UNIX", width: -7 },
    (r) => isInet(r) && r.has_sock ? protocolName(r.protocol) : familyName(r.family),
  ),
  options: member.words(
    { brief: "freebind, transparent, bind_address_no_port, reuseaddr, reuseport" },
    (r) => OPTIONS.filter((_, bit) => r.options & 1 << bit).map(({ name }) => name),
  ),
  ifindex: member.integer(
    { header: "IF", brief: "Device that the socket is bound to, by number", width: -5 },
    (r) => r.has_sock ? r.ifindex : undefined,
  ),
  ifname: member.text(
    { brief: "Device that the socket is bound to, by name" },
    (r) => r.ifindex === 0 ? undefined : r.$ifname,
  ),
  port: member.integer(
    { brief: "Port that it is bound to, or that was asked for if that failed", width: -5 },
    (r) => r.has_ip_port ? r.port : portOf(r),
  ),
  addr: member.text(
    {
      brief: "Address, likewise; the path of a Unix socket, @NAME for an abstract one",
      width: -48,
    },
    (r) => addressOf(r, r.$addr),
  ),
  requested_port: member.integer(
    { brief: "Port that was asked for" },
    (r) => r.has_ip_port ? r.requested_port : portOf(r),
  ),
  requested_addr: member.text(
    { brief: "Address that was asked for" },
    (r) => addressOf(r, r.$requested_addr),
  ),
  autobind: member.boolean(
    { brief: "Whether the kernel has chosen the port" },
    (r) => r.has_ip_port && r.ret === 0 && r.requested_port === 0 && r.port !== 0,
  ),
  family: member.text({ brief: "Family of the socket: INET6" }, (r) => familyName(r.family)),
  type: member.text(
    { brief: "stream, dgram, raw, rdm, seqpacket, dccp, packet" },
    (r) => typeName(r.type),
  ),
  ip: member.integer({ brief: "4 or 6" }, (r) => r.ip || undefined),
  fd: member.integer({ brief: "Descriptor" }, (r) => r.fd < 0 ? undefined : r.fd),
  tid: { ...member.c.tid, width: -7 },
  uid: { ...member.c.uid, brief: "User who binds", width: -6 },
  netns: member.integer(
    { brief: "Network namespace of the socket" },
    (r) => r.netns || undefined,
  ),
  cgroup_id: { ...member.c.cgroup_id, brief: "Cgroup of the process" },
};

/** A call that binds a socket. */
export type Bind = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  opts: table.text(
    {
      header: "OPTS",
      brief: "options as letters: FTNRr, a dot for each that is not set",
      width: -5,
    },
    ({ options }) =>
      OPTIONS.map(({ name, letter }) => options.includes(name) ? letter : ".").join(""),
  ),
};
