#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcptop: which connections of TCP carry how much, and whose they are.
 *
 * As a command: `sudo tools/tcptop.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = tcptop({ interval: 5 });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].tx_bytes);
 * ```
 */
import { Tcptop } from "#skel/tcptop.ts";
import {
  choice,
  countTool,
  flag,
  list,
  loadAverages,
  loadHooks,
  option,
  runIterator,
  seedSocks,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  topToolOperands,
  topToolOptions,
  topToolTables,
} from "#lib/tool/mod.ts";
import { type By, Connections } from "./tcptop/connections.ts";
import { derived, members, own } from "./tcptop/members.ts";
import { subnet, subnetFinder, SUBNETS } from "./tcptop/subnets.ts";

export type { TcpUsage } from "./tcptop/members.ts";

const by = choice("connection", "process", "remote", "local_port", "netns", "subnet");

/** The columns of what a row stands for, unless that is a connection. */
const BY = {
  process: ["pid", "comm"],
  remote: ["raddr"],
  local_port: ["lport"],
  netns: ["netns"],
  subnet: ["subnet"],
} as const;

export const { tool, start: tcptop } = countTool({
  name: "tcptop",
  group: "network",
  brief: "Show which TCP connections carry how much, and whose they are",
  aliases: { tcpsubnet: ["--by", "subnet"] },
  examples: [
    ["tcptop", "a table each second, in place on a terminal"],
    ["tcptop -C", "one below the other"],
    ["tcptop 5 10", "each 5 seconds, ten times"],
    ["tcptop -p 181", "only process 181"],
    ["tcptop -s sent -r 10", "the 10 that send the most"],
    ["tcptop --by process", "by process"],
    [
      "tcptop --by subnet --subnets 10.1.0.0/16,0.0.0.0/0",
      "by subnet of the other side; so does tcpsubnet",
    ],
  ],
  options: {
    nosummary: flag("S", "Leave out the line with the time and the load"),
    ...topToolOptions({ all: "-all", sent: "-tx_bytes", received: "-rx_bytes" }),
    by: option(
      "",
      "WHAT",
      "A row for each connection, process, remote (address), local_port, netns or subnet",
      by,
      "connection",
    ),
    subnets: list("", "PREFIX,...", "With --by subnet: these, the smallest one counts", subnet),
    ...socketOptions,
    ...targetOptions,
  },
  operands: topToolOperands,
  members,
  derived,
  ...topToolTables,
  columns: ({ by, ipv4, ipv6 }) => [
    ...by === "connection"
      ? [
        "pid",
        "comm",
        ...(ipv6 && !ipv4 ? ["local6", "remote6"] as const : ["local", "remote"] as const),
      ] as const
      : [...BY[by], "connections"] as const,
    "rx_kb",
    "tx_kb",
  ],
  order: ({ sort }) => sort,
  stamp: ({ nosummary }) => !nosummary && loadAverages(),
  own: ({ by }) => own({ by: by as By }),
  open: () => Tcptop.open(),
  prepare({ rodata, progs }, options) {
    setSocketTargets(rodata, options);
    const { seed_socks, seed_tcp, walk_files, walk_socks } = progs;
    for (const iterator of [seed_socks, seed_tcp, walk_files, walk_socks]) {
      iterator.autoattach = false;
    }
    loadHooks(progs, { set_state: true });
  },
  attached(skeleton) {
    seedSocks(skeleton);
    runIterator(skeleton.progs.seed_tcp);
  },
  counter(skeleton, { by, subnets }) {
    return new Connections(skeleton, by, subnetFinder(subnets.length > 0 ? subnets : SUBNETS));
  },
});

if (import.meta.main) await toolMain(tool);
