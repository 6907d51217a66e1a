#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * cachestat: how many pages reads find in the page cache.
 *
 * As a command: `sudo tools/cachestat.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = cachestat({ interval: 5 });
 * for await (const { hits, misses } of trace) console.log(hits, misses);
 * ```
 */
import { Cachestat } from "#skel/cachestat.ts";
import {
  countTool,
  flag,
  intervalOperands,
  optional,
  seconds,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";
import { attachCacheHooks, cacheArguments, loadCacheHooks } from "#lib/tool/page_cache.ts";
import { WholeCache } from "./cachestat/cache_sizes.ts";
import { derived, members } from "./cachestat/members.ts";

export type { CacheUsage } from "./cachestat/members.ts";

export const { tool, start: cachestat } = countTool({
  name: "cachestat",
  group: "files",
  brief: "Show how many pages reads find in the page cache",
  examples: [
    ["cachestat", "a row each second"],
    ["cachestat -T", "with the time"],
    ["cachestat 5 10", "each 5 seconds, ten times"],
    ["cachestat -p 181", "what process 181 reads and writes"],
    ["cachestat --comm postgres --all", "of all threads of this name, with what came and went"],
  ],
  options: {
    timestamp: flag("T", "Show the time of each row"),
    all: flag("", "Include pages that came, went, and page faults"),
    ...targetOptions,
  },
  operands: {
    ...intervalOperands,
    interval: optional("INTERVAL", "Show a row every INTERVAL seconds", seconds, 1),
  },
  members,
  derived,
  runs_on: () => true,
  columns: ({ timestamp, all }) => [
    timestamp && "time",
    "hits",
    "misses",
    "dirties",
    "hitratio",
    ...all ? ["added", "removed", "faults"] as const : [],
    "buffers_mb",
    "cached_mb",
  ],
  order: () => "time",
  open: () => Cachestat.open(),
  prepare({ rodata, progs }) {
    Object.assign(rodata, cacheArguments(rodata.forms.length));
    loadCacheHooks(progs);
  },
  attach: ({ progs }) => attachCacheHooks("cachestat", progs),
  counter: (skeleton) => new WholeCache(skeleton),
});

if (import.meta.main) await toolMain(tool);
