#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcpstates: changes of the state of TCP sockets, and how long each state lasted.
 *
 * As a command: `sudo tools/tcpstates.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = tcpstates({ from: [2] }); // SYN_SENT: TCP_STATES has the numbers
 * for await (const { comm, raddr, new_state, state_ns } of trace) console.log(comm, raddr, new_state, state_ns);
 * ```
 */
import { Tcpstates } from "#skel/tcpstates.ts";
import {
  flag,
  list,
  loadHooks,
  ringTool,
  seedSocks,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { derived, members, own } from "./tcpstates/members.ts";
import { histograms, state, stateSet } from "./tcpstates/states.ts";

export type { StateChange } from "./tcpstates/members.ts";

export const { tool, start: tcpstates } = ringTool({
  name: "tcpstates",
  group: "network",
  brief: "Trace changes of the state of TCP sockets, and how long each state lasted",
  examples: [
    ["tcpstates", "all of them"],
    ["tcpstates -T", "include the time of day"],
    ["tcpstates -L 80", "only those of sockets with this local port"],
    ["tcpstates -D 80", "only those of sockets with this remote port"],
    ["tcpstates --from syn_sent --to close", "attempts to connect that failed"],
    ["tcpstates --hist", "how long sockets are in each state, at the end"],
  ],
  options: {
    timestamp: flag("T", "Include the time of day (HH:MM:SS)"),
    wide: flag("w", "Include the version of IP, in columns that hold any IPv6 address"),
    from: list("", "STATE,...", "Trace changes from these states only", state),
    to: list("", "STATE,...", "Trace changes to these states only", state),
    hist: flag("", "Show how long sockets were in each state when the trace ends"),
    ...socketOptions,
    ...targetOptions,
  },
  members,
  derived,
  own,
  columns: ({ hist, timestamp, wide }) =>
    hist ? ["state", "count", "avg_ns", "max_ns", "drawn"] : [
      timestamp && "time",
      "skaddr",
      "pid",
      ...wide
        ? ["wide_comm", "ip", "wide_laddr", "lport", "wide_raddr"] as const
        : ["comm", "laddr", "lport", "raddr"] as const,
      "rport",
      "old_state",
      "arrow",
      "new_state",
      "state_ns",
    ],
  failed: ({ error }) => error !== undefined,
  passes: ({ state_ns }, { hist }) => !hist || state_ns !== undefined,
  join: ({ hist }) => hist ? histograms() : undefined,
  open: () => Tcpstates.open(),
  prepare({ rodata, progs }, { from, to, ...options }) {
    setSocketTargets(rodata, options);
    rodata.targ_from = stateSet(from);
    rodata.targ_to = stateSet(to);
    progs.seed_socks.autoattach = false;
    loadHooks(progs, { set_state: true });
  },
  attached: (skeleton) => seedSocks(skeleton),
});

if (import.meta.main) await toolMain(tool);
