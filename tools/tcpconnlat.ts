#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcpconnlat: how long it takes to connect by TCP.
 *
 * As a command: `sudo tools/tcpconnlat.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = tcpconnlat({ min_ms: 100 });
 * for await (const { comm, raddr, latency_ns } of trace) console.log(comm, raddr, latency_ns);
 * ```
 */
import { Tcpconnlat } from "#skel/tcpconnlat.ts";
import {
  choice,
  chooseConnectPrograms,
  decimal,
  failedToConnect,
  flag,
  MAX_SECONDS,
  option,
  optional,
  ringTool,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { histograms } from "./tcpconnlat/histograms.ts";
import { derived, members, own } from "./tcpconnlat/members.ts";

export type { ConnectLatency } from "./tcpconnlat/members.ts";

export const { tool, start: tcpconnlat } = ringTool({
  name: "tcpconnlat",
  group: "network",
  brief: "Show how long it takes to connect by TCP",
  examples: [
    ["tcpconnlat", "all connections"],
    ["tcpconnlat 1", "those that took 1 ms or more"],
    ["tcpconnlat 0.1", "those that took 100 us or more"],
    ["tcpconnlat -t", "include the time"],
    ["tcpconnlat -p 181", "only process 181"],
    ["tcpconnlat -L", "include the local port"],
    ["tcpconnlat --failed", "include attempts that came to no connection"],
    ["tcpconnlat --hist --by raddr", "a histogram for each remote address, at the end"],
  ],
  options: {
    timestamp: flag("t", "Include the time in seconds since the first one"),
    lport: flag("L", "Include the local port"),
    failed: flag("", "Include attempts that came to no connection, and how each ended"),
    hist: flag("", "Show a histogram when the trace ends, in place of rows"),
    by: option(
      "",
      "WHAT",
      "With --hist: one for all, or one for each raddr (remote address)",
      choice("all", "raddr"),
      "all",
    ),
    ...withLetters(socketOptions, { localport: "" }),
    ...targetOptions,
  },
  operands: {
    min_ms: optional(
      "MIN_MS",
      "Show those that took MIN_MS milliseconds or more",
      decimal(0, MAX_SECONDS * 1e3),
      0,
    ),
  },
  demanding: [{ failed: true }],
  members,
  derived,
  own,
  columns: ({ hist, by, timestamp, lport, failed }) =>
    hist
      ? [by === "raddr" && "raddr", "connects", failed && "failures", "avg_ns", "max_ns", "drawn"]
      : [
        timestamp && "since_first",
        "pid",
        "comm",
        "ip",
        "laddr",
        lport && "lport",
        "raddr",
        "rport",
        failed && "result",
        "latency_ns",
      ],
  failed: failedToConnect,
  join: ({ hist, by }) => hist ? histograms(by === "raddr") : undefined,
  open: () => Tcpconnlat.open(),
  prepare(opened, { min_ms, failed, ...options }) {
    const { rodata } = opened;
    setSocketTargets(rodata, options);
    rodata.only_established = !failed;
    rodata.min_ns = BigInt(Math.round(min_ms * 1e6));
    chooseConnectPrograms(opened, failed);
  },
});

if (import.meta.main) await toolMain(tool);
