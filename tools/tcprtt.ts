#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcprtt: round trip times of TCP connections, as a histogram.
 *
 * As a command: `sudo tools/tcprtt.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = tcprtt({ interval: 5, by: ["raddr"] });
 * for await (const table of trace.batches()) console.log(table[0].raddr, table[0].avg_ns);
 * ```
 */
import { Tcprtt } from "#skel/tcprtt.ts";
import {
  address,
  addressBytes,
  choice,
  CounterSets,
  countTool,
  flag,
  intervalOperands,
  intervalOptions,
  isTargeted,
  list,
  loadHooks,
  option,
  port,
  possibleCpus,
  seedSocks,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  topOptions,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import { microsecondMembers, TIME_COLUMNS, unitOf } from "#lib/tool/task_times.ts";
import { derived, heading, members, type Part, PARTS, RTTS } from "./tcprtt/members.ts";

export type { TcpRtt } from "./tcprtt/members.ts";

/** Groups of connections that there may be in a second: each has an entry for each of its CPUs. */
const MAX_GROUPS = 8192;

/** What distinguishes connections, by the letters of the C tool too. */
function partsOf(options: { by: readonly Part[]; byladdr: boolean; byraddr: boolean }) {
  const { by, byladdr, byraddr } = options;
  return new Set<Part>([
    ...by,
    ...byladdr ? ["laddr"] as const : [],
    ...byraddr ? ["raddr"] as const : [],
  ]);
}

export const { tool, start: tcprtt } = countTool({
  name: "tcprtt",
  group: "network",
  brief: "Show round trip times of TCP connections, as a histogram",
  examples: [
    ["tcprtt", "all connections in one histogram, at the end (Ctrl-C)"],
    ["tcprtt -i 1 -d 10", "each second, for ten seconds"],
    ["tcprtt -mT 1", "each second, in milliseconds, with the time"],
    ["tcprtt -P 443", "connections to port 443"],
    ["tcprtt -A 192.168.1.100", "connections with this host"],
    ["tcprtt -Be", "a histogram for each remote address, with the average"],
    ["tcprtt --by process --summary", "a row for each process"],
    ["tcprtt --rtt sample", "times as they were measured, not smoothed"],
  ],
  options: {
    ...intervalOptions,
    timestamp: flag("T", "Show the time above each table"),
    milliseconds: { ...flag("m", "Show a histogram of milliseconds"), alias: "millisecond" },
    lport: list("p", "PORT,...", "Trace these local ports only", port),
    rport: list("P", "PORT,...", "Trace these remote ports only", port),
    laddr: option("a", "ADDR", "Trace this local address only", address),
    raddr: option("A", "ADDR", "Trace this remote address only", address),
    byladdr: flag("b", "Show a histogram for each local address"),
    byraddr: flag("B", "Show a histogram for each remote address"),
    by: list(
      "",
      "WHAT,...",
      "Show one for each laddr, raddr, lport, rport, process, or what these have together",
      choice(...PARTS),
    ),
    rtt: option(
      "",
      "WHICH",
      "Count times smoothed, each sample alone, or the min(imum) of some minutes",
      choice(...RTTS),
      "smoothed",
    ),
    extension: flag("e", "Show the average above each histogram"),
    summary: flag("", "Show a row in place of each histogram: average and percentiles"),
    ...topOptions,
    ...without(socketOptions, "localport", "remoteport"),
    ...withLetters(targetOptions, { pid: "" }),
  },
  operands: intervalOperands,
  demanding: [{ by: PARTS }],
  members,
  derived: { ...microsecondMembers, ...derived },
  title: () => "Tracing TCP RTT... Hit Ctrl-C to end.",
  columns: ({ summary, top, ...options }) => {
    const by = partsOf(options);
    return summary || top
      ? [
        by.has("laddr") && "laddr",
        by.has("lport") && "lport",
        by.has("raddr") && "raddr",
        by.has("rport") && "rport",
        ...by.has("process") ? ["pid", "comm"] as const : [],
        ...TIME_COLUMNS,
        "avg_jitter_us",
      ]
      : [];
  },
  order: () => "-count",
  stamp: ({ timestamp }) => timestamp,
  histogram: ({ summary, milliseconds }) =>
    summary
      ? undefined
      : { of: "histogram", unit: unitOf({ milliseconds, nanoseconds: false }).unit },
  heading: (row, { extension }) => heading(row, extension),
  own: ({ milliseconds, ...options }) => ({
    milliseconds,
    nanoseconds: false,
    by: partsOf(options),
  }),
  open: () => Tcprtt.open(),
  prepare({ rodata, progs, maps }, { lport, rport, laddr, raddr, rtt, ...options }) {
    const by = partsOf(options);
    const withOwners = by.has("process") || isTargeted(options);
    setSocketTargets(rodata, { ...options, localport: lport, remoteport: rport });
    rodata.targ_by_laddr = laddr !== undefined;
    rodata.targ_by_raddr = raddr !== undefined;
    if (laddr !== undefined) rodata.targ_laddr = addressBytes(address(laddr))!;
    if (raddr !== undefined) rodata.targ_raddr = addressBytes(address(raddr))!;
    rodata.rtt = RTTS.indexOf(rtt);
    rodata.unit_ns = BigInt(unitOf({ milliseconds: options.milliseconds, nanoseconds: false }).ns);
    rodata.by_laddr = by.has("laddr");
    rodata.by_raddr = by.has("raddr");
    rodata.by_lport = by.has("lport");
    rodata.by_rport = by.has("rport");
    rodata.by_process = by.has("process");
    rodata.with_owners = withOwners;
    maps.counts.maxEntries = by.size > 0 ? MAX_GROUPS : 2 * possibleCpus();
    progs.seed_socks.autoattach = false;
    progs.seed_socks.autoload = withOwners;
    if (!withOwners) maps.socks.maxEntries = maps.listeners.maxEntries = 1;
    loadHooks(progs, { probe: true, set_state: true });
  },
  attached(skeleton) {
    if (skeleton.rodata.with_owners) seedSocks(skeleton);
  },
  counter(skeleton) {
    const counts = new CounterSets(skeleton, skeleton.maps.counts);
    return {
      collect: () => counts.collect(),
      take: () => counts.take().map(({ times, ...row }) => ({ ...row, ...times })),
    };
  },
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
