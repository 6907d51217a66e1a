#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * tcpdrop: packets of TCP that the kernel drops, with the reason and the stack.
 *
 * As a command: `sudo tools/tcpdrop.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = tcpdrop({ reason: ["NO_SOCKET"] });
 * for await (const { saddr, dport, reason } of trace) console.log(saddr, dport, reason);
 * ```
 */
import { Tcpdrop } from "#skel/tcpdrop.ts";
import { flag, loadHooks, ringTool, seedSocks, targetOptions, toolMain } from "#lib/tool/mod.ts";
import { dropOptions, setDropTargets } from "#lib/tool/drop_reasons.ts";
import { STACK_BYTES } from "#lib/tool/stacks.ts";
import { derived, members, own } from "./tcpdrop/members.ts";

export type { TcpDrop } from "./tcpdrop/members.ts";

export const { tool, start: tcpdrop } = ringTool({
  name: "tcpdrop",
  group: "network",
  brief: "Trace packets of TCP that the kernel drops",
  examples: [
    ["tcpdrop", "all of them, each with its stack in the kernel"],
    ["tcpdrop --no-stack", "a row for each"],
    ["tcpdrop --reason SOCKET_FILTER,TCP_CSUM", "only these reasons"],
    ["tcpdrop -L 443", "what comes to port 443, or goes from there"],
    ["tcpdrop --pid-netns 181", "only the network of process 181"],
    ["tcpdrop --fields comm,direction,reason,function", "whose, and where it was dropped"],
  ],
  options: {
    ...dropOptions,
    no_stack: flag("", "Leave out the stack"),
    ...targetOptions,
  },
  members,
  derived,
  columns: ({ no_stack }) => [
    "time",
    "pid",
    "ip",
    "source",
    "arrow",
    "destination",
    "state_and_flags",
    "reason_and_code",
    !no_stack && "stack",
  ],
  own,
  open: () => Tcpdrop.open(),
  prepare({ rodata, progs }, { no_stack, ...options }, shown) {
    setDropTargets(rodata, options);
    if (!no_stack && (shown.has("kstack") || shown.has("stack"))) {
      rodata.kernel_stack_bytes = STACK_BYTES;
    }
    progs.seed_socks.autoattach = false;
    loadHooks(progs, { set_state: true });
  },
  attached: (skeleton) => seedSocks(skeleton),
});

if (import.meta.main) await toolMain(tool);
