#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** capable: checks of capabilities, of what and by whom, and what came of them. */
import { Capable, repeats } from "#skel/capable.ts";
import {
  capability,
  choice,
  ExitCode,
  ExitError,
  flag,
  hasBtf,
  integer,
  list,
  option,
  ringTool,
  targetOptions,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { canTrace, tracepointArguments } from "#lib/tool/functions.ts";
import { derived, members, own } from "./capable/members.ts";
import { Programs } from "./capable/programs.ts";

export type { CapabilityCheck } from "./capable/members.ts";

/** PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h. */
const MAX_STACK = 127;

/** Entries of maps that are used: checks that have been shown once, threads that have asked. */
const ENTRIES = 10_240;

const REPEATS = { pid: repeats.BY_PID, cgroup: repeats.BY_CGROUP, comm: repeats.BY_COMM };

export const { tool, start: capable } = ringTool({
  name: "capable",
  group: "security",
  brief: "Trace checks of capabilities",
  examples: [
    ["capable", "all of them"],
    ["capable --summary", "what each program would have to be granted, when it ends"],
    ["capable -x", "include the thread, and whether an id is to be set"],
    ["capable --denied", "only those that were refused"],
    ["capable --cap SYS_ADMIN,BPF", "only these capabilities"],
    ["capable -u comm", "what repeats only once for all processes of a name"],
    ["capable -KU", "include the stacks of the kernel and of the process"],
    ["capable -p 181", "only those of process 181"],
  ],
  options: {
    kernel_stack: flag("K", "Include the stack in the kernel"),
    user_stack: flag("U", "Include the stack in the process"),
    extra_fields: flag("x", "Include TID and INSETID"),
    unique: option(
      "u",
      "WHOSE",
      "Show what repeats only once for each pid, cgroup or comm",
      choice("pid", "cgroup", "comm"),
    ),
    summary: flag("", "Show at the end what each program was allowed, and refused"),
    denied: flag("", "Show only checks that were refused"),
    audit: flag("", "Leave out checks that are never audited, where the kernel says so"),
    cap: list("", "NAME,...", "Show only these capabilities", capability),
    perf_max_stack_depth: option(
      "",
      "N",
      "Read at most N frames of a stack",
      integer(1, MAX_STACK),
      MAX_STACK,
    ),
    ...withLetters(targetOptions, { uid: "" }),
  },
  demanding: [{ kernel_stack: true, user_stack: true }, { unique: "pid" }],
  members,
  derived,
  columns: ({ summary, extra_fields, kernel_stack, user_stack }) =>
    summary ? ["comm", "host_userns", "verdict", "capabilities"] : [
      "time",
      "uid",
      "pid",
      extra_fields && "tid",
      "comm",
      "cap",
      "name",
      "audited",
      "verdict",
      extra_fields && "sets_id",
      (kernel_stack || user_stack) && "stacks",
    ],
  failed: (e) => String(e.verdict) === "deny",
  join: ({ summary }) => summary ? new Programs() : undefined,
  own,
  open: () => Capable.open(),
  prepare({ rodata, maps, progs }, options, shown) {
    const { summary, kernel_stack, user_stack, cap, perf_max_stack_depth } = options;
    rodata.denied = options.denied;
    rodata.audit = options.audit || summary;
    if (cap.length > 0) rodata.caps = cap.reduce((mask, bit) => mask | 1n << BigInt(bit), 0n);
    if (kernel_stack) rodata.kernel_stack_bytes = BigInt(perf_max_stack_depth * 8);
    if (user_stack) rodata.user_stack_bytes = BigInt(perf_max_stack_depth * 8);
    rodata.with_cgroup = shown.has("cgroup") || shown.has("container");
    const unique = options.unique ?? (summary ? "comm" : undefined);
    if (unique !== undefined) {
      rodata.repeats = REPEATS[unique];
      maps.seen.maxEntries = ENTRIES;
    }
    // The function says more than the tracepoint, which is younger than some kernels.
    const fexit = canTrace("fexit", "cap_capable");
    const kprobes = !fexit && canTrace("kprobe", "cap_capable");
    progs.fexit_check.autoload = fexit;
    progs.kprobe_ask.autoload = progs.kretprobe_check.autoload = kprobes;
    if (kprobes) maps.asked.maxEntries = ENTRIES;
    progs.tp_check.autoload = !fexit && !kprobes;
  },
  attach({ progs }) {
    if (!progs.tp_check.autoload || !hasBtf() || tracepointArguments("cap_capable")) return;
    throw new ExitError(
      ExitCode.Unavailable,
      "Cannot attach capable: this host has neither fexit nor kprobes for cap_capable(), nor the " +
        "tracepoint cap_capable, which Linux 6.14 and later have",
    );
  },
});

if (import.meta.main) await toolMain(tool);
