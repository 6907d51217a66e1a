#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcpconnect: attempts to connect by TCP, with how each ended.
 *
 * As a command: `sudo tools/tcpconnect.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = tcpconnect({ port: [443] });
 * for await (const attempt of trace) console.log(attempt.comm, attempt.raddr, attempt.result);
 * ```
 */
import { Tcpconnect } from "#skel/tcpconnect.ts";
import {
  chooseConnectPrograms,
  failedToConnect,
  flag,
  list,
  port,
  ringTool,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import { counts } from "./tcpconnect/counts.ts";
import { derived, members, own } from "./tcpconnect/members.ts";

export type { Connect } from "./tcpconnect/members.ts";

export const { tool, start: tcpconnect } = ringTool({
  name: "tcpconnect",
  group: "network",
  brief: "Trace attempts to connect by TCP, and how they end",
  examples: [
    ["tcpconnect", "all of them"],
    ["tcpconnect -t", "include the time"],
    ["tcpconnect --result", "include how each ended, and after which time"],
    ["tcpconnect -P 80,81", "only those to these ports"],
    ["tcpconnect -U", "include the user"],
    ["tcpconnect -c", "count them by their two ends"],
    ["tcpconnect --filter result!=established", "only those that failed"],
  ],
  options: {
    timestamp: flag("t", "Include the time in seconds since the first one"),
    count: flag("c", "Count attempts by their two ends, and show that when the trace ends"),
    print_uid: flag("U", "Include the user"),
    source_port: flag("s", "Include the local port; with -c, count by it too"),
    result: flag("", "Include how each attempt ended, and how long it took"),
    started: flag("", "Show attempts when they begin, without how they end"),
    port: list("P", "PORT,...", "Trace connections to these ports only", port),
    ...without(socketOptions, "remoteport"),
    ...withLetters(targetOptions, { cgroup: "" }),
  },
  demanding: [{ started: true }],
  members,
  derived,
  own,
  columns: ({ count, timestamp, print_uid, source_port, result }) =>
    count
      ? [
        "counted_laddr",
        "counted_raddr",
        source_port && "counted_lport",
        "counted_rport",
        "connects",
        "failures",
      ]
      : [
        timestamp && "since_first",
        print_uid && "uid",
        "pid",
        "comm",
        "ip",
        "laddr",
        "raddr",
        source_port && "lport",
        "rport",
        ...(result ? ["result", "latency_ns"] as const : []),
      ],
  failed: failedToConnect,
  join: ({ count, source_port }) => count ? counts(source_port) : undefined,
  open: () => Tcpconnect.open(),
  prepare(opened, { port, ...options }) {
    const { rodata } = opened;
    setSocketTargets(rodata, { ...options, remoteport: port });
    rodata.at_start = options.started;
    chooseConnectPrograms(opened, !options.started);
  },
});

if (import.meta.main) await toolMain(tool);
