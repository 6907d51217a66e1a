#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * memleak: memory that is allocated and not freed, by the stacks that have allocated it.
 *
 * As a command: `sudo tools/memleak.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = memleak({ pid: [1234], interval: 10 });
 * for await (const table of trace.batches()) console.log(table[0].bytes, table[0].stack);
 * ```
 */
import { Memleak } from "#skel/memleak.ts";
import { tracepointArguments } from "#lib/tool/functions.ts";
import {
  bytes,
  ChildProcess,
  count,
  countTool,
  escapeText,
  flag,
  integer,
  loadHooks,
  mostThreads,
  option,
  optional,
  type OptionsOf,
  ownPidns,
  pageSize,
  type Parser,
  possibleCpus,
  seconds,
  targetOptions,
  text,
  timeOfDay,
  toolMain,
  topOptions,
  withLetters,
} from "#lib/tool/mod.ts";
import {
  depthOptions,
  excludeEachOther,
  type FlameFrame,
  foldedLine,
  taskFrame,
  writeFlames,
} from "#lib/tool/stacks.ts";
import { attachToAllocator } from "./memleak/allocators.ts";
import { BlockCounter } from "./memleak/counter.ts";
import { members, type OutstandingBlocks } from "./memleak/members.ts";

export type { OutstandingBlocks } from "./memleak/members.ts";

/** Processes that a command has at a time. */
const MAX_PROCESSES = 16_384;

/** Stacks of a table, unless the user says otherwise. */
const TOP = 10;

/** A command in one word, for the shell to take apart. */
const command: Parser<readonly string[]> = (text) => ["/bin/sh", "-c", `exec ${text}`];

const options = {
  ...withLetters(targetOptions, { cgroup: "" }), // -c is the C tool's
  rows: {
    ...topOptions.rows,
    letter: "T",
    placeholder: "TOP",
    brief: "Print only the top stacks (default 10; all in JSON and CSV)",
    alias: "top",
  },
  show_allocs: flag("a", "Show address and size of each block as well"),
  older: option("o", "AGE_MS", "Leave out blocks that are younger", integer(0, 1e12), 500),
  command: option("c", "COMMAND", "Run this command, as the shell does, and trace it", command),
  combined_only: flag("C", "Show sums, of blocks of any age, without a look at each block"),
  wa_missing_free: flag("F", "Accepted as in C: a block that is allocated anew was freed, always"),
  sample_rate: option("s", "N", "Trace one of N allocations only", integer(1, 1e9), 1),
  min_size: option("z", "BYTES", "Leave out blocks that are smaller", bytes, 0),
  max_size: option("Z", "BYTES", "Leave out blocks that are larger", bytes),
  obj: option("O", "OBJECT", "Trace the allocator in this library or program (default c)", text),
  percpu: flag("P", "Trace per-CPU memory of the kernel as well"),
  symbols_prefix: option("S", "PREFIX", "What names of the allocator begin with: je_", text),
  growth: flag("", "Show only what has grown since the table before, the largest growth first"),
  folded: flag("f", "Show a line for each stack, as flame graphs are made of"),
  max_blocks: option("", "BLOCKS", "Blocks that are known at a time", integer(1, 1e8), 262_144),
  stack_storage_size: option("", "STACKS", "Stacks a second at most", integer(1, 1e6), 10_240),
  ...depthOptions,
};

const operands = {
  interval: optional("INTERVAL", "Show a table every INTERVAL seconds", seconds, 5),
  count: optional("COUNT", "Stop after COUNT tables", count),
};

type Options = OptionsOf<typeof options> & OptionsOf<typeof operands>;

/** Whether the memory is the kernel's: unless processes, a command or an allocator are named. */
const isOfKernel = ({ pid, command, obj }: Pick<Options, "pid" | "command" | "obj">) =>
  pid.length === 0 && command === undefined && obj === undefined;

export const { tool, start: memleak } = countTool({
  name: "memleak",
  group: "memory",
  brief: "Show memory that is allocated and not freed, by stacks",
  examples: [
    ["memleak -p $(pidof app)", "allocations of a process, every 5 seconds"],
    ["memleak -p $(pidof app) -o 60000 10", "blocks older than a minute, every 10 seconds"],
    ["memleak -p $(pidof app) --growth 30", "what has grown in the last 30 seconds"],
    ["memleak -- ./app --once", "run a command, and show what it has not freed"],
    ["memleak -p $(pidof app) -a", "each block as well"],
    ["memleak -p $(pidof app) -f 30 1 > out.folded", "folded stacks, for flame graphs"],
    ["memleak -p $(pidof app) -O /usr/lib/libjemalloc.so.2", "another allocator"],
    ["memleak", "allocations of the kernel"],
  ],
  options,
  operands,
  command: "Run this command, trace it and its children, and exit as it does",
  members,
  title,
  columns: () => ["bytes", "count", "pid", "comm", "frames"],
  order: ({ growth }) => growth ? "-growth_bytes" : "-bytes",
  limit: TOP,
  stamp: () => false,
  bare: ({ folded }) => folded,
  text(rows, { folded }) {
    if (!folded) return drawn(rows);
    return rows.map((row) => foldedLine(path(row), row.bytes)).join(
      "",
    );
  },
  flames: {
    unit: () => "bytes",
    value: ({ bytes }) => bytes,
    path,
    standing: true,
    write: writeFlames,
  },
  open(options) {
    excludeEachOther(options, "show_allocs", "combined_only", "-a and -C");
    return Memleak.open();
  },
  prepare({ rodata, maps, progs }, options) {
    const of_kernel = isOfKernel(options);
    const following = rodata.follow_command = options.command !== undefined;
    rodata.min_size = BigInt(options.min_size);
    if (options.max_size !== undefined) rodata.max_size = BigInt(options.max_size);
    rodata.sample_rate = BigInt(options.sample_rate);
    rodata.max_frames = options.perf_max_stack_depth;
    rodata.page_size = pageSize();
    rodata.possible_cpus = possibleCpus();
    maps.blocks.maxEntries = options.max_blocks;
    maps.stacks.maxEntries = options.stack_storage_size;
    maps.calls.maxEntries = of_kernel ? 1 : mostThreads();
    if (following) {
      rodata.spawner = Deno.pid;
      rodata.targ_pids_in = ownPidns();
      maps.family.maxEntries = MAX_PROCESSES;
    }
    for (const [name, program] of Object.entries(progs)) {
      if (/_(enter|return)$/.test(name)) program.autoload = !of_kernel;
    }
    loadHooks(progs, kernelHooks(of_kernel, options.percpu));
    loadHooks(progs, { fork: following, exec: !of_kernel, end: !of_kernel });
  },
  attach({ progs }, options) {
    if (isOfKernel(options)) return;
    const { pid, obj = "c", symbols_prefix = "" } = options;
    attachToAllocator(progs, { pid, obj, symbols_prefix });
  },
  counter: (skeleton, options) =>
    new BlockCounter(skeleton, { ...options, of_kernel: isOfKernel(options) }),
  fills: () => true,
  run(skeleton, command) {
    skeleton.bss.spawning = true;
    return ChildProcess.start(command);
  },
});

/** The events of the kernel's allocators. Linux before 6.1 has others, and events for nodes of their own. */
function kernelHooks(traced: boolean, percpu: boolean) {
  const old = traced && tracepointArguments("kmalloc_node") !== undefined;
  const fresh = traced && !old;
  return {
    ...{ kmalloc: fresh, cache_alloc: fresh },
    ...{ old_kmalloc: old, old_cache_alloc: old },
    ...{ old_kmalloc_node: old, old_cache_alloc_node: old },
    ...{ kfree: traced, cache_free: traced, page_alloc: traced, page_free: traced },
    ...{ percpu_alloc: traced && percpu, percpu_free: traced && percpu },
  };
}

/** The line of the C tool. */
function title(options: Options): string {
  if (isOfKernel(options)) return "Attaching to kernel allocators, Ctrl+C to quit.";
  const { pid, command, obj } = options;
  const whose = pid.length > 0
    ? `pid ${pid.join(", ")}`
    : command !== undefined
    ? escapeText(command.join(" "))
    : escapeText(obj!);
  return `Attaching to ${whose}, Ctrl+C to quit.`;
}

/** The process and the stack that led to its blocks, the outermost function first. */
function path({ pid, comm, stack }: OutstandingBlocks): FlameFrame[] {
  // The name of a process that has ended may be unknown.
  const [whose, kind] = pid === undefined
    ? ["kernel", "kernel" as const]
    : [comm ?? `[${pid}]`, "user" as const];
  return [taskFrame(whose), ...stack.map((name) => ({ name, kind })).reverse()];
}

/** Stacks as the C tool prints them. */
function drawn(rows: readonly OutstandingBlocks[]): string {
  const head = `[${
    timeOfDay(rows[0].time)
  }] Top ${rows.length} stacks with outstanding allocations:\n`;
  return head + rows.map(({ bytes, count, blocks = [], frames = [] }) => {
    const lines = [...blocks, ...frames.map((frame, at) => `${at} ${escapeText(frame)}`)];
    return `${bytes} bytes in ${count} allocations from stack\n` +
      lines.map((line) => `\t${line}\n`).join("");
  }).join("");
}

if (import.meta.main) await toolMain(tool);
