#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * solisten: sockets that are made to listen.
 *
 * As a command: `sudo tools/solisten.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = solisten({ now: true });
 * for await (const { comm, port, backlog, backlog_max } of trace) {
 *   console.log(comm, port, backlog, backlog_max);
 * }
 * ```
 */
import { Solisten } from "#skel/solisten.ts";
import {
  flag,
  ringTool,
  runIterator,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  withLetters,
  without,
} from "#lib/tool/mod.ts";
import { canTrace } from "#lib/tool/functions.ts";
import { derived, members } from "./solisten/members.ts";

export type { Listen } from "./solisten/members.ts";

export const { tool, start: solisten } = ringTool({
  name: "solisten",
  group: "network",
  brief: "Trace sockets as they are made to listen",
  examples: [
    ["solisten", "all of them"],
    ["solisten -t", "include the time of day"],
    ["solisten --now", "those too that listen already"],
    ["solisten -p 181", "only those of process 181"],
    ["solisten --show-netns", "include the network namespace"],
    ["solisten -o json --filter 'backlog_max<128'", "those that let few connections wait"],
  ],
  options: {
    timestamp: flag("t", "Include the time of day (HH:MM:SS)"),
    show_netns: flag("", "Include the network namespace"),
    now: flag("", "Show the sockets that listen already, too"),
    ...withLetters(without(socketOptions, "remoteport"), { netns: "n" }),
    ...targetOptions,
  },
  demanding: [{ now: true }],
  members,
  derived,
  columns: ({ timestamp, show_netns }) => [
    timestamp && "time",
    "pid",
    "comm",
    show_netns && "netns",
    "ret",
    "shown_backlog",
    "proto_ip",
    "port",
    "addr",
  ],
  failed: ({ ret }) => ret < 0,
  open: () => Solisten.open(),
  prepare({ rodata, progs }, { now, ...options }) {
    setSocketTargets(rodata, options);
    progs.sys_listen_exit.autoload = canTrace("fexit", "__sys_listen");
    progs.sys_listen_socket_exit.autoload = canTrace("fexit", "__sys_listen_socket");
    progs.seed_listeners.autoload = now;
    progs.seed_listeners.autoattach = false;
  },
  attached({ progs }) {
    if (progs.seed_listeners.autoload) runIterator(progs.seed_listeners);
  },
});

if (import.meta.main) await toolMain(tool);
