#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * softirqslower: soft interrupts that wait long for their run, or run long.
 *
 * As a command: `sudo tools/softirqslower.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = softirqslower({ min_us: 1000 });
 * for await (const { stage, softirq, delay_ns, run_ns } of trace) {
 *   console.log(stage, softirq, delay_ns, run_ns);
 * }
 * ```
 */
import { Softirqslower } from "#skel/softirqslower.ts";
import { flag, integer, MAX_SECONDS, option, optional, ringTool, toolMain } from "#lib/tool/mod.ts";
import { cpuNumber } from "#lib/tool/irq_times.ts";
import { derived, members, own } from "./softirqslower/members.ts";

export type { SlowSoftirq } from "./softirqslower/members.ts";

export const { tool, start: softirqslower } = ringTool({
  name: "softirqslower",
  group: "CPU",
  brief: "Trace soft interrupts that wait long for their run, or run long",
  examples: [
    ["softirqslower", "those that wait or run for 10 ms or more"],
    ["softirqslower 100", "for 100 us or more"],
    ["softirqslower -c 1", "those of CPU 1"],
    ["softirqslower --stack 1000", "and by which functions each was raised"],
    ["softirqslower -o json --filter stage==delay", "only delays, with all fields"],
  ],
  options: {
    cpu: option("c", "CPU", "Trace this CPU only", cpuNumber),
    stack: flag("", "Show by which functions each was raised, and so in which context"),
    net: flag("", "Leave out the time of device interrupts during runs"),
  },
  operands: {
    min_us: optional(
      "MIN_US",
      "Show what takes MIN_US microseconds or more",
      integer(0, MAX_SECONDS * 1e6),
      10_000,
    ),
  },
  demanding: [{ stack: true }],
  members,
  derived,
  own,
  columns: ({ stack }) => [
    "time",
    "stage_name",
    "softirq",
    "lat_us",
    "cpu",
    "comm",
    stack && "stacks",
  ],
  open: () => Softirqslower.open(),
  prepare({ rodata, progs, maps }, { min_us, cpu, stack, net }) {
    rodata.min_ns = BigInt(min_us) * 1000n;
    rodata.one_cpu = cpu !== undefined;
    rodata.targ_cpu = cpu ?? 0;
    rodata.with_stacks = stack;
    if (!stack) maps.raises.maxEntries = 1;
    for (const program of [progs.irq_handler_entry, progs.irq_handler_exit]) program.autoload = net;
  },
});

if (import.meta.main) await toolMain(tool);
