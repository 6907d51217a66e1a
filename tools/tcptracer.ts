#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcptracer: TCP connections as they are made, accepted and ended.
 *
 * As a command: `sudo tools/tcptracer.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = tcptracer({ type: ["connect", "fail"] });
 * for await (const { type, comm, raddr, error } of trace) console.log(type, comm, raddr, error);
 * ```
 */
import { Tcptracer } from "#skel/tcptracer.ts";
import {
  choice,
  chooseConnectionPrograms,
  flag,
  list,
  ringTool,
  seedSocks,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { derived, members, own, typesOf } from "./tcptracer/members.ts";

export type { TcpEvent } from "./tcptracer/members.ts";

/** Those of the C tool. */
const USUAL = ["connect", "accept", "close"];

export const { tool, start: tcptracer } = ringTool({
  name: "tcptracer",
  group: "network",
  brief: "Trace TCP connections as they are made, accepted and ended",
  examples: [
    ["tcptracer", "all of them"],
    ["tcptracer -t", "include the time"],
    ["tcptracer -U", "include the user"],
    ["tcptracer -p 181", "only those of process 181"],
    ["tcptracer --type connect,fail", "attempts to connect, failed ones too"],
    ["tcptracer -o json --fields sock_id,type,comm,raddr", "events of a connection by its sock_id"],
  ],
  options: {
    timestamp: flag("t", "Include the time in seconds since the first one"),
    print_uid: flag("U", "Include the user"),
    type: list(
      "",
      "TYPE,...",
      "Trace these only: connect, accept, close (the default), fail, drop",
      choice(...USUAL, "fail", "drop"),
    ),
    ...withLetters(socketOptions, { netns: "N" }),
    ...targetOptions,
  },
  demanding: [{ type: ["accept", "fail"] }],
  members,
  derived,
  own,
  columns: ({ timestamp, print_uid }) => [
    timestamp && "since_first",
    print_uid && "uid",
    "letter",
    "pid",
    "comm",
    "ip",
    "laddr",
    "raddr",
    "lport",
    "rport",
  ],
  failed: ({ type }) => type === "fail" || type === "drop",
  open: () => Tcptracer.open(),
  prepare(opened, { type, ...options }, shown) {
    setSocketTargets(opened.rodata, options);
    chooseConnectionPrograms(opened, typesOf(type.length > 0 ? type : USUAL), shown);
  },
  attached: (skeleton) => seedSocks(skeleton),
});

if (import.meta.main) await toolMain(tool);
