#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * netqtop: how many packets, and how large, pass each queue of network devices.
 *
 * As a command: `sudo tools/netqtop.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = netqtop({ name: "eth0" });
 * for await (const table of trace.batches()) {
 *   for (const { direction, queue, packets } of table) console.log(direction, queue, packets);
 * }
 * ```
 */
import { Netqtop } from "#skel/netqtop.ts";
import {
  CounterSets,
  countTool,
  flag,
  intervalOptions,
  loadHooks,
  option,
  seconds,
  socketOptions,
  text,
  toolMain,
  topOptions,
  ValueError,
} from "#lib/tool/mod.ts";
import { members, own } from "./netqtop/members.ts";

export type { QueuePackets } from "./netqtop/members.ts";

/** IFNAMSIZ of include/uapi/linux/if.h, with the NUL. */
const NAME_BYTES = 16;

/** The name of a network device. */
function device(name: string): string {
  const { length } = new TextEncoder().encode(name);
  if (length > 0 && length < NAME_BYTES && !name.includes("\0")) return text(name);
  throw new ValueError(`a device has a name of 1 to ${NAME_BYTES - 1} bytes`);
}

export const { tool, start: netqtop } = countTool({
  name: "netqtop",
  group: "network",
  brief: "Count packets by the queues of network devices",
  examples: [
    ["netqtop", "all devices, a table each second"],
    ["netqtop -n eth0", "one device"],
    ["netqtop -n eth0 -t -i 5", "with bytes and packets a second, each 5 seconds"],
    ["netqtop -n eth0 --by-cpu", "which CPUs serve which queue"],
    ["netqtop --top", "in place, on a screen of their own"],
  ],
  options: {
    name: option("n", "DEV", "Count packets of this device only", device),
    interval: option("i", "SECONDS", "Show a table this often; 0: one at the end", seconds, 1),
    count: intervalOptions.count,
    duration: intervalOptions.duration,
    throughput: flag("t", "Include bytes and packets a second"),
    by_cpu: flag("", "Count by the CPUs that handle packets as well"),
    netns: socketOptions.netns,
    ...topOptions,
  },
  members,
  title: () => "Counting packets by queue... Hit Ctrl-C to end.",
  columns: ({ throughput, by_cpu }) => [
    "ifname",
    "direction",
    "queue",
    by_cpu && "cpu",
    "packets",
    "avg_size",
    "below_64",
    "below_512",
    "below_2k",
    "below_16k",
    "below_64k",
    "above",
    throughput && "bytes_per_second",
    throughput && "packets_per_second",
  ],
  order: () => "-packets",
  own,
  open: () => Netqtop.open(),
  prepare({ rodata, progs }, { name, netns }) {
    if (name !== undefined) rodata.targ_name = name;
    if (netns !== undefined) rodata.targ_netns = netns;
    loadHooks(progs, { send: true, receive: true });
  },
  counter: (skeleton, { by_cpu }) => new CounterSets(skeleton, skeleton.maps.counts, by_cpu),
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
