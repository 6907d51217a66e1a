#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcpretrans: segments that TCP sends again, with the reason and the process that owns the socket.
 *
 * As a command: `sudo tools/tcpretrans.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = tcpretrans();
 * for await (const { comm, raddr, kind } of trace) console.log(comm, raddr, kind);
 * ```
 */
import { Tcpretrans } from "#skel/tcpretrans.ts";
import {
  choice,
  flag,
  loadHooks,
  option,
  ringTool,
  seedSocks,
  setSocketTargets,
  socketOptions,
  Tally,
  targetOptions,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { derived, members, type Retransmit } from "./tcpretrans/members.ts";

export type { Retransmit } from "./tcpretrans/members.ts";

/** What retransmissions are counted by: `--by`. */
const KEYS = {
  flow: ({ netns, laddr, lport, raddr, rport }: Retransmit) =>
    [netns, laddr, lport, raddr, rport].join(" "),
  process: ({ pid, comm }: Retransmit) => `${pid} ${comm}`,
  remote: ({ raddr }: Retransmit) => raddr,
};

/** Counts what has the same key, the most frequent first. */
function counts(by: keyof typeof KEYS): Tally<Retransmit> {
  return new Tally<Retransmit>({
    key: KEYS[by],
    add: (event, before) => ({ ...event, retransmits: (before?.retransmits ?? 0) + 1 }),
    order: (a, b) => b.retransmits - a.retransmits,
  });
}

export const { tool, start: tcpretrans } = ringTool({
  name: "tcpretrans",
  group: "network",
  brief: "Trace segments that TCP sends again",
  examples: [
    ["tcpretrans", "all of them"],
    ["tcpretrans -l", "mark tail loss probes"],
    ["tcpretrans -c", "count them by connection"],
    ["tcpretrans -c --by remote", "count them by remote address"],
    ["tcpretrans --fields time,comm,raddr,kind,attempt", "why, and of which process"],
    ["tcpretrans --filter kind==syn-ack", "answers to a SYN only"],
  ],
  options: {
    sequence: flag("s", "Include the sequence number"),
    lossprobe: flag("l", "Mark tail loss probes with L"),
    count: flag("c", "Count, and show that when the trace ends"),
    by: option("", "WHAT", "-c: count by this", choice("flow", "process", "remote"), "flow"),
    failed: flag("", "Include those that this host could not send (Linux 6.18)"),
    ...socketOptions,
    ...withLetters(targetOptions, { cgroup: "" }),
  },
  members,
  derived,
  columns({ count, by, sequence, lossprobe }) {
    if (count) {
      if (by === "process") return ["pid", "comm", "retransmits"];
      return by === "remote"
        ? ["raddr", "retransmits"]
        : ["counted_local", "counted_remote", "retransmits"];
    }
    return [
      "time",
      "pid",
      "ip",
      "local",
      lossprobe ? "type_or_probe" : "type",
      "remote",
      "state",
      sequence && "seq",
    ];
  },
  failed: ({ error }) => error !== undefined,
  join: ({ count, by }) => count ? counts(by) : undefined,
  open: () => Tcpretrans.open(),
  prepare({ rodata, progs }, options) {
    setSocketTargets(rodata, options);
    rodata.with_failed = options.failed;
    progs.seed_socks.autoattach = false;
    loadHooks(progs, { retransmit: true, retransmit_synack: true, set_state: true });
  },
  attached: (skeleton) => seedSocks(skeleton),
});

if (import.meta.main) await toolMain(tool);
