#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcppktlat: how long data of TCP wait until the process reads them.
 *
 * As a command: `sudo tools/tcppktlat.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = tcppktlat({ min_us: 10_000 });
 * for await (const { comm, raddr, latency_ns } of trace) console.log(comm, raddr, latency_ns);
 * ```
 */
import { Tcppktlat } from "#skel/tcppktlat.ts";
import {
  choice,
  decimal,
  flag,
  integer,
  list,
  loadHooks,
  MAX_PID,
  MAX_SECONDS,
  option,
  optional,
  port,
  ringTool,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  without,
} from "#lib/tool/mod.ts";
import { histograms } from "./tcppktlat/histograms.ts";
import { BY, derived, members } from "./tcppktlat/members.ts";

export type { PacketLatency } from "./tcppktlat/members.ts";

export const { tool, start: tcppktlat } = ringTool({
  name: "tcppktlat",
  group: "network",
  brief: "Show how long data of TCP wait until the process reads them",
  examples: [
    ["tcppktlat", "each time that a process reads what has come"],
    ["tcppktlat 1000", "only data that have waited for 1000 microseconds or more"],
    ["tcppktlat -T", "include the time"],
    ["tcppktlat -p 181", "only what process 181 reads"],
    ["tcppktlat -t 123", "only what thread 123 reads"],
    ["tcppktlat -l 80", "only connections to local port 80"],
    ["tcppktlat -r 5432", "only connections to remote port 5432"],
    ["tcppktlat -w", "with columns that hold any IPv6 address"],
    ["tcppktlat --hist --by process", "a histogram for each process, at the end"],
  ],
  options: {
    tid: option("t", "TID", "Trace this thread only", integer(1, MAX_PID)),
    timestamp: flag("T", "Include the time of day (HH:MM:SS)"),
    lport: list("l", "PORT,...", "Trace these local ports only", port),
    rport: list("r", "PORT,...", "Trace these remote ports only", port),
    wide: flag("w", "Show columns that hold any IPv6 address"),
    hist: flag("", "Show a histogram when the trace ends, in place of rows"),
    by: option(
      "",
      "WHAT",
      "With --hist: one for all, for each process, or for each lport (local port)",
      choice(...BY),
      "all",
    ),
    ...without(socketOptions, "localport", "remoteport"),
    ...targetOptions,
  },
  operands: {
    min_us: optional(
      "MIN_US",
      "Show data that have waited for MIN_US microseconds or more",
      decimal(0, MAX_SECONDS * 1e6),
      0,
    ),
  },
  members,
  derived,
  columns: ({ hist, by, timestamp, wide }) =>
    hist
      ? [
        ...by === "process" ? ["pid", "comm"] as const : [],
        by === "lport" && "lport",
        "reads",
        "avg_ns",
        "max_ns",
        "drawn",
      ]
      : [
        timestamp && "time",
        "pid",
        "tid",
        "comm",
        wide ? "wide_laddr" : "laddr",
        "lport",
        wide ? "wide_raddr" : "raddr",
        "rport",
        "ms",
      ],
  join: ({ hist, by }) => hist ? histograms(by) : undefined,
  open: () => Tcppktlat.open(),
  prepare({ rodata, progs }, { min_us, tid, lport, rport, ...options }) {
    setSocketTargets(rodata, { ...options, localport: lport, remoteport: rport });
    rodata.min_ns = BigInt(Math.round(min_us * 1e3));
    if (tid !== undefined) rodata.targ_tid = tid;
    loadHooks(progs, { probe: true, read: true, set_state: true });
  },
});

if (import.meta.main) await toolMain(tool);
