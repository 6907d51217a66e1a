#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * bindsnoop: calls that bind sockets to addresses.
 *
 * As a command: `sudo tools/bindsnoop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = bindsnoop({ failed: true });
 * for await (const { comm, requested_port, error } of trace) console.log(comm, requested_port, error);
 * ```
 */
import { Bindsnoop } from "#skel/bindsnoop.ts";
import {
  flag,
  list,
  port,
  ringTool,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  without,
} from "#lib/tool/mod.ts";
import { canTrace } from "#lib/tool/functions.ts";
import { derived, members } from "./bindsnoop/members.ts";

export type { Bind } from "./bindsnoop/members.ts";

export const { tool, start: bindsnoop } = ringTool({
  name: "bindsnoop",
  group: "network",
  brief: "Trace calls that bind sockets to addresses",
  examples: [
    ["bindsnoop", "all of them"],
    ["bindsnoop -t", "include the time of day"],
    ["bindsnoop -x", "only those that fail"],
    ["bindsnoop -P 80,81", "only those that ask for these ports, or get them"],
    ["bindsnoop -p 181", "only those of process 181"],
    ["bindsnoop -o json --filter proto==UNIX", "only Unix sockets, with all fields"],
  ],
  options: {
    timestamp: flag("t", "Include the time of day (HH:MM:SS)"),
    print_uid: flag("U", "Include the user"),
    failed: flag("x", "Trace calls that fail only"),
    ports: list(
      "P",
      "PORT,...",
      "Trace only calls that ask for one of these ports, or get it",
      port,
    ),
    ...without(socketOptions, "localport", "remoteport"),
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ timestamp, print_uid }) => [
    timestamp && "time",
    print_uid && "uid",
    "pid",
    "comm",
    "ret",
    "proto",
    "opts",
    "ifindex",
    "port",
    "addr",
  ],
  failed: ({ ret }) => ret < 0,
  open: () => Bindsnoop.open(),
  prepare({ rodata, progs }, { failed, ports, ...options }) {
    setSocketTargets(rodata, { ...options, localport: ports });
    rodata.failures_only = failed;
    progs.sys_bind_exit.autoload = canTrace("fexit", "__sys_bind");
    progs.sys_bind_socket_exit.autoload = canTrace("fexit", "__sys_bind_socket");
    progs.inet_bind_exit.autoload = canTrace("fexit", "__inet_bind");
    progs.inet6_bind_exit.autoload = canTrace("fexit", "__inet6_bind");
  },
});

if (import.meta.main) await toolMain(tool);
