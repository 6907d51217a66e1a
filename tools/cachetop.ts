#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * cachetop: which processes read and write through the page cache, or which files are, and what is found there.
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
  choice,
  CounterSets,
  countTool,
  loadAverages,
  option,
  targetOptions,
  toolMain,
  topToolOperands,
  topToolOptions,
  topToolTables,
} from "#lib/tool/mod.ts";
import { attachCacheHooks, cacheArguments, loadCacheHooks } from "#lib/tool/page_cache.ts";
import { NamedFiles } from "#lib/tool/named_files.ts";
import { FileNames } from "./cachetop/file_names.ts";
import { derived, members, own } from "./cachetop/members.ts";

export type { PageCacheUsage } from "./cachetop/members.ts";

/** Processes or files in both sets of counters, on all CPUs. */
const MAX_GROUPS = { process: 10_240, file: 40_960 };

/** Files whose names are kept: those that were new in two tables. */
const MAX_NAMES = 8192;

export const { tool, start: cachetop } = countTool({
  name: "cachetop",
  group: "files",
  brief: "Show which processes or files use the page cache, and what is found there",
  examples: [
    ["cachetop", "a table each second, in place on a terminal"],
    ["cachetop -C", "one below the other"],
    ["cachetop 5 10", "each 5 seconds, ten times"],
    ["cachetop -p 181", "only process 181"],
    ["cachetop -s misses -r 10", "the 10 that miss the most"],
    ["cachetop --by file -s misses", "the files of which most is missed"],
  ],
  options: {
    ...topToolOptions({
      all: "-all",
      hits: "-hits",
      misses: "-misses",
      dirties: "-dirtied",
      added: "-added",
    }),
    by: option("", "WHAT", "A row for each process or file", choice("process", "file"), "process"),
    ...targetOptions,
  },
  operands: topToolOperands,
  members,
  derived,
  ...topToolTables,
  columns: ({ by }) => [
    ...by === "process" ? ["pid", "user", "comm"] as const : [],
    "hits",
    "misses",
    "dirties",
    "hit",
    by === "file" && "file",
  ],
  order: ({ sort }) => sort,
  stamp: loadAverages,
  own,
  open: () => Cachetop.open(),
  prepare({ rodata, progs, maps }, { by }) {
    Object.assign(rodata, cacheArguments(rodata.forms.length));
    rodata.by_process = by === "process";
    rodata.by_file = by === "file";
    maps.usages.maxEntries = MAX_GROUPS[by];
    if (by === "file") maps.names.maxEntries = MAX_NAMES;
    loadCacheHooks(progs);
  },
  attach: ({ progs }) => attachCacheHooks("cachetop", progs),
  counter(skeleton, { by }) {
    const counts = new CounterSets(skeleton, skeleton.maps.usages);
    if (by !== "file") return counts;
    const names = new FileNames();
    return new NamedFiles({
      counts,
      names: skeleton.maps.names,
      idOf: ({ ino, dev }) => ({ ino, dev }),
      nameOf: (name, { dev }) => names.of(name, Number(dev)),
    });
  },
});

if (import.meta.main) await toolMain(tool);
