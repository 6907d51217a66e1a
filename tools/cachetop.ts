#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * cachetop: which processes read and write through the page cache, and what they find there.
 *
 * As a command: `sudo tools/cachetop.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = cachetop({ interval: 5 });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].misses);
 * ```
 */
import { Cachetop } from "#skel/cachetop.ts";
import {
  CounterSets,
  countTool,
  loadAverages,
  targetOptions,
  toolMain,
  topToolOperands,
  topToolOptions,
  topToolTables,
} from "#lib/tool/mod.ts";
import { attachCacheHooks, cacheArguments, loadCacheHooks } from "#lib/tool/page_cache.ts";
import { derived, members } from "./cachetop/members.ts";

export type { ProcessCacheUsage } from "./cachetop/members.ts";

/** Processes in both sets of counters, on all CPUs. */
const MAX_PROCESSES = 10_240;

export const { tool, start: cachetop } = countTool({
  name: "cachetop",
  group: "files",
  brief: "Show which processes use the page cache, and what they find there",
  examples: [
    ["cachetop", "a table each second, in place on a terminal"],
    ["cachetop -C", "one below the other"],
    ["cachetop 5 10", "each 5 seconds, ten times"],
    ["cachetop -p 181", "only process 181"],
    ["cachetop -s misses -r 10", "the 10 that miss the most"],
  ],
  options: {
    ...topToolOptions({
      all: "-all",
      hits: "-hits",
      misses: "-misses",
      dirties: "-dirtied",
      added: "-added",
    }),
    ...targetOptions,
  },
  operands: topToolOperands,
  members,
  derived,
  ...topToolTables,
  columns: () => ["pid", "user", "comm", "hits", "misses", "dirties", "hit"],
  order: ({ sort }) => sort,
  stamp: loadAverages,
  open: () => Cachetop.open(),
  prepare({ rodata, progs, maps }) {
    Object.assign(rodata, cacheArguments(rodata.forms.length));
    rodata.by_process = true;
    maps.usages.maxEntries = MAX_PROCESSES;
    loadCacheHooks(progs);
  },
  attach: ({ progs }) => attachCacheHooks("cachetop", progs),
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.usages),
});

if (import.meta.main) await toolMain(tool);
