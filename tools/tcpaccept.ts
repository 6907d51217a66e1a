#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcpaccept: TCP connections as they are accepted, with the time that they waited for it.
 *
 * As a command: `sudo tools/tcpaccept.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = tcpaccept({ port: [443] });
 * for await (const { comm, raddr, wait_ns, queue } of trace) console.log(comm, raddr, wait_ns, queue);
 * ```
 */
import { Tcpaccept } from "#skel/tcpaccept.ts";
import {
  chooseConnectionPrograms,
  flag,
  list,
  port,
  ringTool,
  seedSocks,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  without,
} from "#lib/tool/mod.ts";
import { members, own } from "./tcpaccept/members.ts";

export type { Accept } from "./tcpaccept/members.ts";

export const { tool, start: tcpaccept } = ringTool({
  name: "tcpaccept",
  group: "network",
  brief: "Trace TCP connections as they are accepted",
  examples: [
    ["tcpaccept", "all of them"],
    ["tcpaccept -t", "include the time"],
    ["tcpaccept -P 80,81", "only those to these local ports"],
    ["tcpaccept -p 181", "only those that process 181 accepts"],
    ["tcpaccept --wait", "include how long they waited, and how many others did"],
    [
      "tcpaccept --failed --dropped",
      "include calls that failed, and connections that nobody accepted",
    ],
  ],
  options: {
    time: flag("T", "Include the time of day (HH:MM:SS)"),
    timestamp: flag("t", "Include the time in seconds since the first one"),
    port: list("P", "PORT,...", "Trace connections to these local ports only", port),
    wait: flag("", "Include how long each waited, how many others did, and how many may"),
    failed: flag("", "Include calls of accept() that failed"),
    dropped: flag("", "Include connections that ended before they were accepted"),
    ...without(socketOptions, "localport"),
    ...targetOptions,
  },
  demanding: [{ failed: true }],
  members,
  own,
  columns: ({ time, timestamp, wait, failed, dropped }) => [
    time && "time",
    timestamp && "since_first",
    "pid",
    "comm",
    "ip",
    "raddr",
    "rport",
    "laddr",
    "lport",
    ...wait ? ["wait_ns", "queue", "queue_max"] as const : [],
    ...failed || dropped ? ["result", "error"] as const : [],
  ],
  failed: ({ result }) => result !== "accepted",
  open: () => Tcpaccept.open(),
  prepare(opened, { port, failed, dropped, ...options }, shown) {
    setSocketTargets(opened.rodata, { ...options, localport: port });
    const types = ["accept", ...failed ? ["accept_fail"] : [], ...dropped ? ["drop"] : []];
    chooseConnectionPrograms(opened, types, shown);
  },
  attached: (skeleton) => seedSocks(skeleton),
});

if (import.meta.main) await toolMain(tool);
