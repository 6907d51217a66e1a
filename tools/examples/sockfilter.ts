#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** sockfilter: IPv4 packets that an interface receives, from a filter of a raw socket. */
import { Sockfilter } from "#skel/examples/sockfilter.ts";
import { attachSocket } from "#lib/objects/attach/socket.ts";
import { PacketSocket } from "#lib/sys/network.ts";
import { loadSkeleton } from "#lib/tool/load.ts";
import {
  option,
  type OptionsOf,
  RingTrace,
  text,
  type Tool,
  toolMain,
  type Trace,
  type TraceOptions,
  withDefaults,
} from "#lib/tool/mod.ts";

const options = { interface: option("i", "NAME", "The interface", text, "lo") };
type Options = OptionsOf<typeof options>;

/** A packet, its ends as `127.0.0.1:80`. Without ports, they are what lies in their place. */
interface Packet {
  readonly interface: string;
  readonly protocol: string;
  readonly src: string;
  readonly dst: string;
}

export const tool: Tool<Options, Packet> = {
  name: "sockfilter",
  brief: "Show the IPv4 packets that an interface receives",
  options,
  examples: [["sockfilter -i eth0", "each packet that eth0 receives, until Ctrl-C"]],
  fields: {
    interface: { type: "text", brief: "The interface", value: (e) => e.interface },
    protocol: { type: "text", brief: "The protocol in the packet", value: (e) => e.protocol },
    src: { type: "text", brief: "Address and port of the sender", value: (e) => e.src },
    dst: { type: "text", brief: "Address and port of the receiver", value: (e) => e.dst },
    packet: {
      type: "text",
      header: "PACKETS",
      only: "table",
      brief: "All of that",
      value: (e) =>
        `interface: ${e.interface}  protocol: ${e.protocol}  ${e.src}(src) -> ${e.dst}(dst)`,
    },
  },
  columns: () => ["packet"],
  trace: sockfilter,
};

/** The common ones of include/uapi/linux/in.h. */
const PROTOCOLS: Record<number, string> = { 1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 47: "GRE" };

/** Starts tracing: the filter is attached when this returns. */
export function sockfilter(given: TraceOptions<Options> = {}): Trace<Packet> {
  const wanted = withDefaults(options, given);
  const skeleton = loadSkeleton(Sockfilter.open());
  return new RingTrace({
    skeleton,
    attach() {
      const socket = new PacketSocket(wanted.interface);
      attachSocket(skeleton.progs.socket_handler, socket);
      return socket;
    },
    ring: skeleton.maps.events,
    event: (e) => ({
      interface: wanted.interface,
      protocol: PROTOCOLS[e.ip_proto] ?? String(e.ip_proto),
      src: `${e.src_addr.join(".")}:${e.src_port}`,
      dst: `${e.dst_addr.join(".")}:${e.dst_port}`,
    }),
    lost: () => skeleton.bss.lost,
    signal: given.signal,
  });
}

if (import.meta.main) await toolMain(tool);
