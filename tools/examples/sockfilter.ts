#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** sockfilter: IPv4 packets that an interface receives, from a filter of a raw socket. */
import { event, Sockfilter } from "#skel/examples/sockfilter.ts";
import { attachSocket } from "#lib/objects/attach/socket.ts";
import { PacketSocket } from "#lib/sys/network.ts";
import { type LazyOf, membersOf, option, ringTool, text, toolMain } from "#lib/tool/mod.ts";

/** The common ones of include/uapi/linux/in.h. */
const PROTOCOLS: Record<number, string> = { 1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 47: "GRE" };

const own = (options: { readonly interface: string }) => options;
const member = membersOf(event, own);

/** A packet, its ends as `127.0.0.1:80`. Without ports, they are what lies in their place. */
const members = {
  interface: member.text({ brief: "The interface" }, (r) => r.$own.interface),
  protocol: member.text(
    { brief: "The protocol in the packet" },
    (r) => PROTOCOLS[r.ip_proto] ?? String(r.ip_proto),
  ),
  src: member.text(
    { brief: "Address and port of the sender" },
    (r) => `${r.src_addr.join(".")}:${r.src_port}`,
  ),
  dst: member.text(
    { brief: "Address and port of the receiver" },
    (r) => `${r.dst_addr.join(".")}:${r.dst_port}`,
  ),
};

const table = membersOf<LazyOf<typeof members>>();

export const { tool, start: sockfilter } = ringTool({
  name: "sockfilter",
  brief: "Show the IPv4 packets that an interface receives",
  examples: [["sockfilter -i eth0", "each packet that eth0 receives, until Ctrl-C"]],
  options: { interface: option("i", "NAME", "The interface", text, "lo") },
  members,
  derived: {
    packet: table.text(
      { brief: "All of that", header: "PACKETS" },
      (e) => `interface: ${e.interface}  protocol: ${e.protocol}  ${e.src}(src) -> ${e.dst}(dst)`,
    ),
  },
  columns: () => ["packet"],
  own,
  open: () => Sockfilter.open(),
  attach({ progs }, options) {
    const socket = new PacketSocket(options.interface);
    attachSocket(progs.socket_handler, socket);
    return socket;
  },
});

if (import.meta.main) await toolMain(tool);
