/** What netqtop shows of a queue. */
import type { count, group } from "#skel/netqtop.ts";
import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";

/** What members are read by. */
export function own({ by_cpu }: { readonly by_cpu: boolean }): { readonly by_cpu: boolean } {
  return { by_cpu };
}

type Queue = Counted<group & count, ReturnType<typeof own>>;

const member = membersOf<Queue>();

/** How many packets are of a size. */
const sized = (header: string, brief: string, packets: (r: Queue) => bigint) =>
  member.integer({ header, brief, width: 10 }, (r) => Number(packets(r)));

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  ifname: member.text({ header: "DEVICE", brief: "Network device", width: -8 }, (r) => r.ifname),
  ifindex: member.integer({ brief: "Its number", width: 7 }, (r) => r.ifindex),
  netns: member.integer({ brief: "Network namespace", width: 10 }, (r) => r.netns),
  direction: member.text(
    { header: "DIR", brief: "tx for what is sent, rx for what is received", width: -3 },
    (r) => r.sent ? "tx" : "rx",
  ),
  queue: member.integer({ brief: "Queue of the device", width: 5 }, (r) => r.queue),
  /** With `--by-cpu`. */
  cpu: member.integer(
    { brief: "CPU that handled them, with --by-cpu", width: 3 },
    (r) => r.$own.by_cpu ? r.cpu : undefined,
  ),
  packets: member.integer(
    { brief: "How many the kernel handed over", width: 8 },
    (r) => Number(r.packets),
  ),
  segments: member.integer(
    { brief: "Packets of the network that they stand for", width: 8 },
    (r) => Number(r.segments),
  ),
  bytes: member.integer(
    { brief: "Their bytes, from the header of IP or its like on", width: 10 },
    (r) => Number(r.bytes),
  ),
  link_bytes: member.integer(
    { brief: "The same with the header of the link", width: 10 },
    (r) => Number(r.link_bytes),
  ),
  avg_size: member.decimal(
    { brief: "Bytes of a packet, with that header, on average", width: 8, decimals: 1 },
    (r) => Number(r.link_bytes) / Number(r.packets),
  ),
  below_64: sized("[0,64)", "Packets of fewer than 64 bytes", (r) => r.below_64),
  below_512: sized("[64,512)", "Packets of 64 to 511 bytes", (r) => r.below_512),
  below_2k: sized("[512,2K)", "Packets of 512 to 2047 bytes", (r) => r.below_2k),
  below_16k: sized("[2K,16K)", "Packets of 2 to 16 KiB", (r) => r.below_16k),
  below_64k: sized("[16K,64K)", "Packets of 16 to 64 KiB", (r) => r.below_64k),
  above: sized("[64K,)", "Packets of 64 KiB and more", (r) => r.above),
  bytes_per_second: member.decimal(
    { header: "BPS", brief: "Bytes a second, with the header of the link", width: 12, decimals: 0 },
    (r) => Number(r.link_bytes) / r.$seconds,
  ),
  packets_per_second: member.decimal(
    { header: "PPS", brief: "Packets a second", width: 9, decimals: 0 },
    (r) => Number(r.packets) / r.$seconds,
  ),
};

/** What passed a queue since the table before. */
export type QueuePackets = EventOf<typeof members>;
