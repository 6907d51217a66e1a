#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * skbdrop: how many packets the kernel drops, of all protocols, why, and where.
 *
 * As a command: `sudo tools/skbdrop.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = skbdrop({ interval: 5 });
 * for await (const table of trace.batches()) console.log(table[0].reason, table[0].packets);
 * ```
 */
import { Skbdrop } from "#skel/skbdrop.ts";
import {
  choice,
  CounterSets,
  countTool,
  ExitCode,
  ExitError,
  intervalOperands,
  list,
  toolMain,
  topOptions,
} from "#lib/tool/mod.ts";
import { dropOptions, setDropTargets } from "#lib/tool/drop_reasons.ts";
import { members, own } from "./skbdrop/members.ts";
import { protocol } from "./skbdrop/protocols.ts";

export type { DroppedPackets } from "./skbdrop/members.ts";

export const { tool, start: skbdrop } = countTool({
  name: "skbdrop",
  group: "network",
  brief: "Count packets that the kernel drops, by reason and place",
  examples: [
    ["skbdrop", "all of them, a table at the end (Ctrl-C)"],
    ["skbdrop 1 10", "each second, ten times"],
    ["skbdrop --top", "in place, on a screen of their own"],
    ["skbdrop --proto udp --by port", "datagrams, by the port of this host"],
    ["skbdrop --reason SOCKET_RCVBUFF", "only those for which a socket has no room"],
    ["skbdrop --by netns,device", "by network namespace and device as well"],
    ["skbdrop --pid-netns 181", "only the network of process 181"],
  ],
  options: {
    by: list(
      "",
      "WHAT,...",
      "Count by these as well: port, netns, device",
      choice("port", "netns", "device"),
    ),
    proto: list("", "NAME,...", "Count these protocols of IP only: tcp, udp, 47", protocol),
    ...dropOptions,
    ...topOptions,
  },
  operands: intervalOperands,
  demanding: [{ by: ["port", "netns", "device"] }],
  members,
  title: () => "Counting packets that are dropped... Hit Ctrl-C to end.",
  columns: ({ by }) => [
    "packets",
    "bytes",
    "proto",
    "direction",
    by.includes("port") && "port",
    by.includes("netns") && "netns",
    by.includes("device") && "ifname",
    "reason",
    "function",
  ],
  order: () => "-packets",
  own,
  open: () => Skbdrop.open(),
  prepare({ rodata }, { by, proto, ...options }) {
    const most = rodata.targ_protocols.length;
    if (proto.length > most) {
      throw new ExitError(ExitCode.Usage, `--proto: no more than ${most} can be chosen`);
    }
    setDropTargets(rodata, options);
    rodata.targ_protocols = rodata.targ_protocols.map((_, at) => proto[at] ?? 0);
    rodata.targ_protocol_count = proto.length;
    rodata.by_port = by.includes("port");
    rodata.by_netns = by.includes("netns");
    rodata.by_device = by.includes("device");
  },
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.counts),
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
