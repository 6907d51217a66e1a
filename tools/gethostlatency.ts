#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * gethostlatency: how long it takes to look up hosts, and what was found.
 *
 * As a command: `sudo tools/gethostlatency.ts --help`. As a module:
 *
 * ```ts ignore
 * using trace = gethostlatency({ failed: true });
 * for await (const { comm, host, error } of trace) console.log(comm, host, error);
 * ```
 */
import { Gethostlatency } from "#skel/gethostlatency.ts";
import {
  choice,
  decimal,
  flag,
  list,
  MAX_SECONDS,
  mostThreads,
  option,
  optional,
  ringTool,
  targetOptions,
  text,
  toolMain,
} from "#lib/tool/mod.ts";
import { histograms } from "./gethostlatency/histograms.ts";
import { attachToLibc } from "./gethostlatency/libraries.ts";
import { derived, members } from "./gethostlatency/members.ts";

export type { HostLookup } from "./gethostlatency/members.ts";

export const { tool, start: gethostlatency } = ringTool({
  name: "gethostlatency",
  group: "network",
  brief: "Show how long it takes to look up hosts",
  examples: [
    ["gethostlatency", "all lookups"],
    ["gethostlatency 100", "those that took 100 ms or more"],
    ["gethostlatency -x", "those that fail"],
    ["gethostlatency -p 181", "those of process 181"],
    ["gethostlatency -l /opt/lib/libc.so.6", "those of this library alone"],
    ["gethostlatency --hist --by host", "a histogram for each host, at the end"],
    ["gethostlatency -o json", "what was found, too"],
  ],
  options: {
    libc: list("l", "PATH,...", "Trace these libraries or programs, not each libc in use", text),
    failed: flag("x", "Show lookups that fail only"),
    hist: flag("", "Show a histogram when the trace ends, in place of rows"),
    by: option(
      "",
      "WHAT",
      "With --hist: one for all, or one for each host, call or comm",
      choice("all", "host", "call", "comm"),
      "all",
    ),
    ...targetOptions,
  },
  operands: {
    min_ms: optional(
      "MIN_MS",
      "Show those that took MIN_MS milliseconds or more",
      decimal(0, MAX_SECONDS * 1e3),
      0,
    ),
  },
  members,
  derived,
  columns: ({ hist, by }) =>
    hist
      ? [by !== "all" && by, "lookups", "failures", "avg_ns", "max_ns", "drawn"]
      : ["time", "pid", "comm", "latency_ns", "host", "error"],
  failed: ({ error }) => error !== undefined,
  join: ({ hist, by }) => hist ? histograms(by) : undefined,
  open: () => Gethostlatency.open(),
  prepare({ rodata, maps, progs }, { failed, min_ms, libc }, shown) {
    rodata.failures_only = failed;
    rodata.min_ns = BigInt(Math.round(min_ms * 1e6));
    rodata.with_cgroup = shown.has("cgroup") || shown.has("container");
    maps.lookups.maxEntries = mostThreads();
    progs.note_exec.autoload = libc.length === 0;
  },
  attach: ({ progs, maps }, { libc, pid }) => attachToLibc(progs, maps.execs, libc, pid),
});

if (import.meta.main) await toolMain(tool);
