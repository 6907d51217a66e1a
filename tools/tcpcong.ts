#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcpcong: how long TCP connections are in each state of congestion control.
 *
 * As a command: `sudo tools/tcpcong.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = tcpcong({ interval: 1 });
 * for await (const table of trace.batches()) console.log(table[0].raddr, table[0].loss_ns);
 * ```
 */
import { Tcpcong } from "#skel/tcpcong.ts";
import {
  bootTime,
  type Counter,
  CounterSets,
  countTool,
  ExitCode,
  ExitError,
  flag,
  intervalOperands,
  list,
  loadHooks,
  possibleCpus,
  runIterator,
  seedSocks,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  topOptions,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import { canTrace, tracepointArguments } from "#lib/tool/functions.ts";
import { unitOf } from "#lib/tool/task_times.ts";
import { Connections } from "./tcpcong/connections.ts";
import { derived, members, type Row } from "./tcpcong/members.ts";
import { ports } from "./tcpcong/ports.ts";
import { STATES } from "./tcpcong/states.ts";

export type { Congestion } from "./tcpcong/members.ts";

/** Where states change: bpf/tcpcong.bpf.c has a program at the end of each, for kernels without the tracepoint. */
const FUNCTIONS = [
  "tcp_rcv_established",
  "tcp_rcv_state_process",
  "tcp_enter_loss",
  "tcp_enter_cwr",
  "tcp_simple_retransmit",
] as const;

/** What histograms and rows count in. */
const unit = ({ microseconds }: { readonly microseconds: boolean }) =>
  unitOf({ milliseconds: !microseconds, nanoseconds: false });

export const { tool, start: tcpcong } = countTool({
  name: "tcpcong",
  group: "network",
  brief: "Show how long TCP connections are in each state of congestion control",
  examples: [
    ["tcpcong", "connections that were not open all the time, at the end (Ctrl-C)"],
    ["tcpcong 1 10", "each second, ten times"],
    ["tcpcong -T -L 3000-3006 1", "of these local ports, with the time"],
    ["tcpcong -R 443", "of this remote port"],
    ["tcpcong -e --bar 1", "with their processes, and times as bars"],
    ["tcpcong -d", "how long stays in each state last, as histograms"],
  ],
  options: {
    timestamp: flag("T", "Show the time above each table"),
    dist: flag("d", "Show how long stays in each state last, as histograms"),
    microseconds: flag("u", "Show microseconds, not milliseconds"),
    extended: flag("e", "Include the process, algorithm, windows, round trip time, retransmits"),
    bar: flag("", "Include a bar of the states"),
    ...topOptions,
    localport: list("L", "PORT[-PORT],...", "Trace these local ports only", ports),
    remoteport: list("R", "PORT[-PORT],...", "Trace these remote ports only", ports),
    ...without(socketOptions, "localport", "remoteport"),
    ...withLetters(targetOptions, { uid: "" }),
  },
  operands: intervalOperands,
  members,
  derived,
  title: () => "Tracing tcp congestion control status duration... Hit Ctrl-C to end.",
  columns: ({ dist, microseconds, extended, bar, ipv4, ipv6 }) =>
    dist ? [] : [
      ...extended ? ["pid", "comm"] as const : [],
      ...ipv6 && !ipv4 ? ["local6", "remote6"] as const : ["local", "remote"] as const,
      ...microseconds
        ? ["open_us", "disorder_us", "recovery_us", "cwr_us", "loss_us"] as const
        : ["open_ms", "disorder_ms", "recovery_ms", "cwr_ms", "loss_ms"] as const,
      "changes",
      ...extended ? ["algorithm", "cwnd", "ssthresh", "srtt_us", "retransmits"] as const : [],
      bar && "bar",
    ],
  order: () => "lport",
  stamp: ({ timestamp }) => timestamp,
  histogram: (options) => options.dist ? { of: "histogram", unit: unit(options).unit } : undefined,
  heading: ({ state }) => `tcp_congest_state = ${state}`,
  own: ({ microseconds }) => ({ milliseconds: !microseconds, nanoseconds: false }),
  open: () => Tcpcong.open(),
  prepare({ rodata, progs, maps }, { localport, remoteport, ...options }) {
    setSocketTargets(rodata, {
      ...options,
      localport: localport.flat(),
      remoteport: remoteport.flat(),
    });
    rodata.begun = bootTime();
    rodata.by_stay = options.dist;
    rodata.unit_ns = BigInt(unit(options).ns);
    maps.stays.maxEntries = options.dist ? 2 * STATES.length * (possibleCpus() + 1) : 1;
    const { seed_socks, seed_connections, walk_connections, end_stays } = progs;
    for (const iterator of [seed_socks, seed_connections, walk_connections, end_stays]) {
      iterator.autoattach = false;
    }
    const hasTracepoint = tracepointArguments("tcp_cong_state_set") !== undefined;
    const hasFunctions = FUNCTIONS.every((name) => canTrace("fexit", name));
    if (!hasTracepoint && !hasFunctions) throw unavailable();
    loadHooks(progs, { set_state: true, cong_state: hasTracepoint });
    for (const name of FUNCTIONS) progs[`${name}_exit`].autoload = !hasTracepoint;
  },
  attached(skeleton) {
    const { progs, maps } = skeleton;
    seedSocks(skeleton);
    runIterator(progs.seed_connections, { map: maps.socks });
  },
  counter(skeleton, { dist }): Counter<Row> {
    const { progs, maps } = skeleton;
    if (dist) {
      const counts = new CounterSets(skeleton, maps.stays);
      return {
        detaching: () => runIterator(progs.end_stays, { map: maps.connections }),
        collect: () => counts.collect(),
        take: () => counts.take().map((stays) => ({ stays })),
      };
    }
    const connections = new Connections(skeleton);
    return {
      attached: () => connections.attached(),
      collect: () => connections.collect(),
      take: () => connections.take().map((connection) => ({ connection })),
    };
  },
  fills: () => true,
});

function unavailable(): ExitError {
  return new ExitError(
    ExitCode.Unavailable,
    "Cannot attach tcpcong: this kernel has no tracepoint tcp:tcp_cong_state_set, and no fexit in its place",
    { hint: "Linux 5.18 has the tracepoint; x86-64 has fexit from 5.5 on, arm64 from 6.4 on" },
  );
}

if (import.meta.main) await toolMain(tool);
