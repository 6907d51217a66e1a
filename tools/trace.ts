#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * trace: shows arguments, results, fields of what passes probes: functions of the kernel and of programs, system
 * calls, tracepoints, USDT probes.
 *
 * As a command: `sudo tools/trace.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace_ = trace({ probe: "t:syscalls:sys_enter_openat filename (flags & O_CREAT)" });
 * for await (const { comm, values } of trace_) console.log(comm, values);
 * ```
 */
import { Trace } from "#skel/trace.ts";
import {
  count,
  flag,
  integer,
  MAX_PID,
  operand,
  option,
  ownPidns,
  rest,
  ringTool,
  targetOptions,
  text,
  toolMain,
  withLetters,
} from "#lib/tool/mod.ts";
import { derived, members, Own } from "./trace/members.ts";
import { Plan } from "./trace/plan.ts";

export type { Passed } from "./trace/members.ts";

/** Bytes: a page of the buffer, as the Python tool counts it, and the buffer without -b. */
const PAGE = 4096;
const RING_PAGES = 1024;

/** Bytes of a text: with the NUL. */
const MAX_STRING = 4096;

/** The probes of the trace that is being started. */
let plan: Plan;

export const { tool, start: trace } = ringTool({
  name: "trace",
  group: "functions",
  brief: "Show what passes functions, system calls, tracepoints and USDT probes",
  examples: [
    ["trace do_unlinkat", "each call of a function of the kernel"],
    ["trace 'do_unlinkat name->name'", "with the name that it is passed"],
    [
      "trace 'r:vfs_read count, retval (retval < 0)'",
      "a function's end, with arguments and result",
    ],
    ["trace 't:syscalls:sys_enter_openat filename (flags & O_CREAT)'", "a system call"],
    ["trace 't:sched:sched_switch \"%s to %s\", prev_comm, next_comm'", "by a format of printf"],
    ["trace 'c:open(const char *path, int flags) path, flags'", "a function of a library"],
    ["trace 'r:bash:readline \"%s\", retval'", "what a function of a program returns"],
    ["trace -p 181 'u:c:memory_sbrk_more arg1'", "a USDT probe in process 181"],
    ["trace -KU 't:syscalls:sys_enter_sync'", "with the stacks of kernel and process"],
  ],
  options: {
    ...withLetters(targetOptions, { uid: "" }), // -u is the Python tool's
    tid: option("L", "TID", "Trace this thread only", integer(1, MAX_PID)),
    timestamp: flag("t", "Show the time since the trace began"),
    unix_timestamp: flag("u", "Show the time in seconds since 1970"),
    time: flag("T", "Show the time of the day"),
    print_cpu: flag("C", "Show the CPU"),
    name: option("n", "TEXT", "Show only threads with this in their name", text),
    msg_filter: option("f", "TEXT", "Show only messages that have this in them", text),
    string_size: option("Z", "BYTES", "Read this much of a text", integer(2, MAX_STRING), 80),
    include_self: flag("S", "Include what this tool itself does"),
    kernel_stack: flag("K", "Show the stack in the kernel"),
    user_stack: flag("U", "Show the stack in the process"),
    address: flag("a", "Show addresses in stacks"),
    buffer_pages: option("b", "PAGES", "Size of the ring, in pages of 4 KiB", count, RING_PAGES),
  },
  operands: {
    probe: operand("PROBE", '[p|r|t|u]:[FILE]:NAME, values, (condition), "format"', text),
    more: rest("PROBE", "Further probes", text),
  },
  frame: { events: { letter: "M", alias: "max-events" } },
  members,
  derived,
  columns: ({ time, unix_timestamp, timestamp, print_cpu, kernel_stack, user_stack }) => [
    time && "time",
    unix_timestamp && "unix_time",
    timestamp && "elapsed",
    print_cpu && "cpu",
    "pid",
    "tid",
    "comm",
    "func",
    "message",
    (kernel_stack || user_stack) && "stacks",
  ],
  passes: (event, { name, msg_filter }, record) =>
    record.$own.plan.passes(record) &&
    (name === undefined || String(event.comm).includes(name)) &&
    (msg_filter === undefined || String(event.message ?? "").includes(msg_filter)),
  own: (options) => new Own(plan, options),
  open(options) {
    plan = new Plan(options);
    return Trace.open();
  },
  prepare(opened, { tid, include_self, buffer_pages }) {
    const { rodata, maps } = opened;
    plan.prepare(opened);
    if (tid !== undefined) rodata.targ_tid = tid;
    if (!include_self) {
      rodata.not_pid = Deno.pid;
      rodata.targ_pids_in = ownPidns();
    }
    maps.events.maxEntries = PAGE * 2 ** Math.ceil(Math.log2(buffer_pages));
  },
  attach: (skeleton) => plan.attach(skeleton),
});

if (import.meta.main) await toolMain(tool);
