/** What skbdrop shows of packets that were dropped for the same reason at the same place. */
import type { count, group } from "#skel/skbdrop.ts";
import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import { DropReasons, reasonMembers } from "#lib/tool/drop_reasons.ts";
import { StackNames } from "#lib/tool/stacks.ts";
import { protocolName } from "./protocols.ts";

/** What members are read by. */
export function own({ by }: { readonly by: readonly string[] }) {
  return { by, reasons: new DropReasons(), names: new StackNames().readKernel() };
}

const member = membersOf<Counted<group & count, ReturnType<typeof own>>>();

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  packets: member.integer(
    { brief: "How many the kernel dropped", width: 8 },
    (r) => Number(r.packets),
  ),
  segments: member.integer(
    { brief: "Packets of the network that they stand for", width: 8 },
    (r) => Number(r.segments),
  ),
  bytes: member.integer(
    { brief: "Their bytes, from the header on that the kernel was at", width: 10 },
    (r) => Number(r.bytes),
  ),
  proto: member.text(
    { brief: "What they carry: tcp, udp, arp, or its number", width: -7 },
    (r) => protocolName(r.ethertype, r.protocol),
  ),
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip || undefined),
  direction: member.text(
    { brief: "in, or out if this host has sent them", header: "DIR", width: -3 },
    (r) => r.received ? "in" : "out",
  ),
  /** With `--by port`. */
  port: member.integer(
    { brief: "Port of this host, with --by port", width: 5 },
    (r) => r.$own.by.includes("port") ? r.port || undefined : undefined,
  ),
  /** With `--by netns`. */
  netns: member.integer(
    { brief: "Network namespace, with --by netns", width: 10 },
    (r) => r.netns || undefined,
  ),
  /** With `--by device`. */
  ifname: member.text(
    { brief: "Device that they were at, with --by device", header: "DEVICE", width: -8 },
    (r) => r.ifname || undefined,
  ),
  ifindex: member.integer(
    { brief: "Number of that device, or of the one that they came by", width: 7 },
    (r) => r.ifindex || undefined,
  ),
  ...reasonMembers,
  function: member.text(
    { brief: "Function of the kernel that dropped them", width: -24 },
    (r) => r.$own.names.function(r.location),
  ),
  location: member.integer(
    { brief: "Address of that place", base: "hex", width: 16 },
    (r) => r.location,
  ),
};

/** Packets that were dropped since the table before. */
export type DroppedPackets = EventOf<typeof members>;
