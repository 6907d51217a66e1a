#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcpreset: resets of TCP that this host sends and receives, why, and whose connection they end.
 *
 * As a command: `sudo tools/tcpreset.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = tcpreset({ direction: "sent" });
 * for await (const { comm, raddr, rport, reason } of trace) console.log(comm, raddr, rport, reason);
 * ```
 */
import { Tcpreset } from "#skel/tcpreset.ts";
import {
  choice,
  flag,
  loadHooks,
  option,
  ringTool,
  seedSocks,
  setSocketTargets,
  socketOptions,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { tracepointArguments, wayToTrace } from "#lib/tool/functions.ts";
import { attachFunctionHooks, loadFunctionHooks } from "#lib/tool/function_hooks.ts";
import { STACK_BYTES } from "#lib/tool/stacks.ts";
import { derived, members, own } from "./tcpreset/members.ts";

export type { TcpReset } from "./tcpreset/members.ts";

/** What answers a packet for which there is no socket. */
const ANSWERS = { answer_ipv4: "tcp_v4_send_reset", answer_ipv6: "tcp_v6_send_reset" };

/** Whether the tracepoint is not come to then: before Linux 6.10, which passes it a reason as well. */
function answersAreTraced(): boolean {
  return tracepointArguments("tcp_send_reset")?.length === 2 &&
    Object.values(ANSWERS).every((name) => wayToTrace(name) !== undefined);
}

export const { tool, start: tcpreset } = ringTool({
  name: "tcpreset",
  group: "network",
  brief: "Trace resets of TCP that are sent and received",
  examples: [
    ["tcpreset", "all of them"],
    ["tcpreset -t", "include the time of day"],
    ["tcpreset --direction sent -K", "what this host sends, with the stack in the kernel"],
    ["tcpreset -L 443", "only those of local port 443"],
    ["tcpreset --fields comm,raddr,reason,duration_ns,unread_bytes", "what was lost"],
    [
      "tcpreset --direction sent --filter 'reason!=NO_SOCKET'",
      "leave out what closed ports answer",
    ],
  ],
  options: {
    timestamp: flag("t", "Include the time of day (HH:MM:SS)"),
    stack: flag("K", "Include the stack in the kernel of those that are sent"),
    direction: option("", "WHICH", "Show only this: sent, received", choice("sent", "received")),
    ...socketOptions,
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ timestamp, stack }) => [
    timestamp && "time",
    "pid",
    "comm",
    "local",
    "arrow",
    "remote",
    "why",
    stack && "stack",
  ],
  own,
  open: () => Tcpreset.open(),
  prepare({ rodata, progs }, { direction, stack, ...options }, shown) {
    setSocketTargets(rodata, options);
    rodata.with_sent = direction !== "received";
    rodata.with_received = direction !== "sent";
    if (stack || shown.has("kstack")) rodata.kernel_stack_bytes = STACK_BYTES;
    progs.seed_socks.autoattach = false;
    loadHooks(progs, {
      send: rodata.with_sent,
      receive: rodata.with_received,
      set_state: true,
    });
    if (rodata.with_sent && answersAreTraced()) loadFunctionHooks(progs, ANSWERS);
  },
  attach({ progs, rodata }) {
    if (rodata.with_sent && answersAreTraced()) attachFunctionHooks("tcpreset", progs, ANSWERS);
  },
  attached: (skeleton) => seedSocks(skeleton),
});

if (import.meta.main) await toolMain(tool);
