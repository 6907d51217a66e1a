#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcpsynbl: how many connections wait to be accepted when one more comes, as histograms.
 *
 * As a command: `sudo tools/tcpsynbl.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = tcpsynbl({ interval: 1 });
 * for await (const table of trace.batches()) console.log(table[0].lport, table[0].max_queue, table[0].drops);
 * ```
 */
import { Tcpsynbl } from "#skel/tcpsynbl.ts";
import {
  CounterSets,
  countTool,
  flag,
  intervalOperands,
  intervalOptions,
  loadHooks,
  runIterator,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  topOptions,
  without,
} from "#lib/tool/mod.ts";
import { drawn, members } from "./tcpsynbl/members.ts";

export type { ListenQueue } from "./tcpsynbl/members.ts";

export const { tool, start: tcpsynbl } = countTool({
  name: "tcpsynbl",
  group: "network",
  brief: "Show how many TCP connections wait to be accepted when one more comes",
  examples: [
    ["tcpsynbl", "histograms at the end (Ctrl-C)"],
    ["tcpsynbl 1 10", "each second, ten times"],
    ["tcpsynbl -T 1", "each second, with the time"],
    ["tcpsynbl -L 443", "of those only that listen at port 443"],
    ["tcpsynbl --summary 1", "a row for each socket, what it refused included"],
    ["tcpsynbl --summary 1 --filter 'drops>0'", "only sockets that refuse"],
  ],
  options: {
    ...intervalOptions,
    timestamp: flag("T", "Show the time above each table"),
    summary: flag("", "Show a row in place of each histogram"),
    ...topOptions,
    ...without(socketOptions, "remoteport"),
    ...targetOptions,
  },
  operands: intervalOperands,
  members,
  title: () => "Tracing SYN backlog size. Ctrl-C to end.",
  columns: ({ summary, top }) =>
    summary || top
      ? [
        "pid",
        "comm",
        "laddr",
        "lport",
        "backlog_max",
        "count",
        "avg_queue",
        "max_queue",
        "max_syn_queue",
        "drops",
      ]
      : [],
  order: () => "-count",
  stamp: ({ timestamp }) => timestamp,
  text: (rows, { summary }) => summary ? undefined : rows.map(drawn).join(""),
  open: () => Tcpsynbl.open(),
  prepare({ rodata, progs }, options) {
    setSocketTargets(rodata, options);
    progs.seed_listeners.autoattach = progs.walk_listeners.autoattach = false;
    loadHooks(progs, { set_state: true });
  },
  attached: ({ progs }) => runIterator(progs.seed_listeners),
  counter(skeleton) {
    const { progs, maps } = skeleton;
    const counts = new CounterSets(skeleton, maps.counts);
    return {
      collect() {
        runIterator(progs.walk_listeners, { map: maps.listeners });
        return counts.collect();
      },
      take: () => counts.take(),
    };
  },
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
