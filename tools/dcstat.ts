#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * dcstat: how many names are found in the kernel's cache of names, and how many are not.
 *
 * As a command: `sudo tools/dcstat.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = dcstat({ interval: 5 });
 * for await (const { refs, misses } of trace) console.log(refs, misses);
 * ```
 */
import { Dcstat } from "#skel/dcstat.ts";
import {
  CounterSets,
  countTool,
  flag,
  intervalOperands,
  optional,
  orNothing,
  possibleCpus,
  seconds,
  targetOptions,
  toolMain,
  topOptions,
} from "#lib/tool/mod.ts";
import { attachLookupHooks, loadLookupHooks, lookupArguments } from "#lib/tool/name_lookups.ts";
import { derived, members, NOTHING } from "./dcstat/members.ts";

export type { NameLookups } from "./dcstat/members.ts";

/** Processes in both sets of counters, on all CPUs. */
const MAX_PROCESSES = 10_240;

export const { tool, start: dcstat } = countTool({
  name: "dcstat",
  group: "files",
  brief: "Show how many names are found in the kernel's cache of names",
  examples: [
    ["dcstat", "a row each second"],
    ["dcstat 5 10", "each 5 seconds, ten times"],
    ["dcstat --all", "include names that are known not to exist"],
    ["dcstat -p 181", "only what process 181 looks for"],
    ["dcstat --by-process --top", "a row for each process, in place"],
  ],
  options: {
    all: flag("", "Include names that the cache knows not to exist"),
    by_process: flag("", "Show a row for each process"),
    ...topOptions,
    ...targetOptions,
  },
  operands: {
    ...intervalOperands,
    interval: optional("INTERVAL", "Show rows every INTERVAL seconds", seconds, 1),
  },
  members,
  derived,
  runs_on: () => true,
  columns: ({ all, by_process }) => [
    "at",
    ...by_process ? ["pid", "comm"] as const : [],
    "refs_rate",
    "slow_rate",
    "misses_rate",
    all && "negative_rate",
    "hit",
  ],
  order: () => "-refs",
  own: ({ by_process }) => ({ by_process }),
  open: () => Dcstat.open(),
  prepare({ rodata, progs, maps }, { by_process }) {
    Object.assign(rodata, lookupArguments(false));
    rodata.by_process = by_process;
    maps.counts.maxEntries = by_process ? MAX_PROCESSES : 2 * possibleCpus();
    loadLookupHooks(progs, false);
  },
  attach: ({ progs }) => attachLookupHooks("dcstat", progs, false),
  counter(skeleton, { by_process }) {
    const counts = new CounterSets(skeleton, skeleton.maps.counts);
    return by_process ? counts : orNothing(counts, NOTHING);
  },
  fills: ({ by_process }) => by_process,
});

if (import.meta.main) await toolMain(tool);
