#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * slabratetop: from which caches of the kernel the most is allocated.
 *
 * As a command: `sudo tools/slabratetop.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = slabratetop({ interval: 5 });
 * for await (const table of trace.batches()) console.log(table[0].cache, table[0].bytes);
 * ```
 */
import { Slabratetop } from "#skel/slabratetop.ts";
import {
  choice,
  countTool,
  isTargeted,
  loadAverages,
  option,
  targetOptions,
  toolMain,
  topToolOperands,
  topToolOptions,
  topToolTables,
} from "#lib/tool/mod.ts";
import { onlineCpus } from "#lib/tool/stacks.ts";
import { workContext } from "#lib/tool/work_context.ts";
import { parseGfpFlags } from "#lib/tool/gfp_flags.ts";
import { attachSlabHooks, formatOf, loadSlabHooks } from "./slabratetop/hooks.ts";
import { Caches } from "./slabratetop/caches.ts";
import { members, OF_FREES } from "./slabratetop/members.ts";

export type { CacheUsage } from "./slabratetop/members.ts";

/** Rows that a CPU may have, in both sets of counters: a kernel has 100 to 300 caches in use. */
const ROWS = 1024;
/** The same with programs or places. */
const MANY_ROWS = 4096;

export const { tool, start: slabratetop } = countTool({
  name: "slabratetop",
  group: "memory",
  brief: "Show from which caches of the kernel the most memory is allocated",
  examples: [
    ["slabratetop", "a table each second, in place on a terminal"],
    ["slabratetop -C", "one below the other"],
    ["slabratetop 5 10", "each 5 seconds, ten times"],
    ["slabratetop -p 181", "only what process 181 allocates"],
    ["slabratetop -s count -r 10", "the 10 that the most objects are allocated from"],
    ["slabratetop --by comm", "by program, too"],
    ["slabratetop --by call_site", "by the function of the kernel that asks for it, too"],
  ],
  options: {
    ...topToolOptions({ size: "-bytes", count: "-allocs", name: "cache" }),
    by: option(
      "",
      "WHAT",
      "A row for each cache; for each comm or call_site, too",
      choice("cache", "comm", "call_site"),
      "cache",
    ),
    ...targetOptions,
  },
  operands: topToolOperands,
  members,
  ...topToolTables,
  columns: ({ by }) => ["cache", by !== "cache" && by, "allocs", "bytes"],
  order: ({ sort }) => sort,
  stamp: loadAverages,
  open: () => Slabratetop.open(),
  prepare({ rodata, progs, maps }, { by, ...options }, shown) {
    const frees = OF_FREES.some((name) => shown.has(name));
    rodata.by_comm = by === "comm";
    rodata.by_call_site = by === "call_site";
    rodata.targeted = isTargeted(options);
    rodata.with_context = rodata.targeted || rodata.by_comm || shown.has("interrupt_allocs");
    if (rodata.with_context) Object.assign(rodata, workContext("slabratetop"));
    rodata.counts_frees = frees;
    if (shown.has("accounted_bytes")) rodata.account_flag = accountFlag();
    maps.usages.maxEntries = onlineCpus().length * (by === "cache" ? ROWS : MANY_ROWS);
    loadSlabHooks(progs, frees);
  },
  attach: ({ progs }) => attachSlabHooks(progs),
  counter: (skeleton) => new Caches(skeleton),
});

/** The flag of what is charged to a cgroup, as this kernel has it. */
function accountFlag(): bigint {
  const flags = parseGfpFlags(formatOf("kmalloc"));
  return flags.find(([, name]) => name === "__GFP_ACCOUNT")?.[0] ?? 0n;
}

if (import.meta.main) await toolMain(tool);
