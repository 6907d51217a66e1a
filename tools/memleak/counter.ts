import type { block, block_key, Memleak, sum } from "#skel/memleak.ts";
import {
  type Counter,
  CounterSets,
  fileExists,
  monotonicTime,
  sumOf,
  takeSet,
  tryReadTextFile,
} from "#lib/tool/mod.ts";
import {
  type Frame,
  frameName,
  frameText,
  KeptStacks,
  mostFrames,
  type NamedStack,
  type StackIds,
} from "#lib/tool/stacks.ts";

type Loaded = ReturnType<ReturnType<typeof Memleak.open>["load"]>;

/** What a stack has allocated and not freed. */
export interface Outstanding {
  /** Undefined for memory of the kernel. */
  readonly pid: number | undefined;
  readonly comm: string | undefined;
  readonly bytes: number;
  readonly count: number;
  /** How much more than in the table before. */
  readonly growth_bytes: number;
  readonly growth_count: number;
  /** Undefined where blocks are not looked at one by one. */
  readonly age_min_ns: number | undefined;
  readonly age_max_ns: number | undefined;
  readonly total_allocs: number;
  /** Names of functions, the innermost first. */
  readonly stack: readonly string[];
  /** The same with addresses, places and files. */
  readonly frames: readonly string[];
  /** Whether the kernel may have left out frames. */
  readonly truncated: boolean;
  readonly blocks: readonly string[] | undefined;
}

/** How tables are made. */
export interface Look {
  /** Whether the memory is the kernel's. */
  readonly of_kernel: boolean;
  readonly combined_only: boolean;
  readonly show_allocs: boolean;
  readonly growth: boolean;
  /** The least age of a block that is shown, in milliseconds. */
  readonly older: number;
  /** Frames of a stack at most. */
  readonly perf_max_stack_depth: number;
}

/** A stack of a process, or of the kernel. */
interface Site {
  readonly pid: number;
  readonly stack: bigint;
}

/** What a site has allocated and freed in all. */
interface Total extends Site {
  sum: sum;
}

/** Blocks of a site that are shown. */
interface Found extends Site {
  bytes: number;
  count: number;
  /** When the oldest and the youngest were allocated. */
  oldest?: bigint;
  youngest?: bigint;
  readonly blocks: string[];
}

/** More sites than these are kept only as long as they have blocks. */
const MOST_SITES = 65_536;

type Block = readonly [block_key, block];

/** How long names are looked up for at a time, and for a table, in milliseconds: meanwhile nothing ends the trace. */
const NAMING_MS = 200;
const LAST_NAMING_MS = 5000;

/**
 * Functions in which the kernel's allocators of small blocks get pages. Those are no leak of their own: what is
 * allocated in them is counted by block.
 */
const TO_SLABS = /^(allocate_slab|new_slab|alloc_slab_page|_*kmalloc_large.*|kmalloc_order.*)$/;

/** Functions between a raw tracepoint and its program, with which stacks begin there. */
const TO_PROGRAM = /^(bpf_(prog|trace_run|get_stack)|__bpf_|__traceiter_)/;

const keyOf = ({ pid, stack }: Site) => `${pid} ${stack}`;

/** Makes tables of what is outstanding: block by block, or as the difference of sums. */
export class BlockCounter implements Counter<Outstanding> {
  readonly #skeleton: Loaded;
  readonly #look: Look;
  readonly #sums;
  readonly #stacks: KeptStacks;
  /** Names of functions, by their lines with addresses. */
  readonly #names = new Map<string, string>();
  readonly #comms = new Map<number, string | undefined>();
  readonly #totals = new Map<string, Total>();
  /** What the table before has shown. */
  #before = new Map<string, Found>();

  constructor(skeleton: Loaded, look: Look) {
    this.#skeleton = skeleton;
    this.#look = look;
    this.#sums = new CounterSets(skeleton, skeleton.maps.sums);
    this.#stacks = new KeptStacks("", (frame) => this.#lineOf(frame));
  }

  /** Takes over sums and stacks, and names the stacks while most processes are still there. */
  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    const old = bss.set;
    await this.#sums.collect();
    this.#stacks.add(takeSet(maps.stacks, old));
    const changed = this.#sums.take().map((row) => this.#add(row));
    this.#endOldPrograms();
    this.#want(changed.filter(({ sum }) => sum.alloc_count > sum.free_count));
    this.#stacks.nameFor(NAMING_MS);
    this.#stacks.forgetOthers();
    if (this.#totals.size > MOST_SITES || this.#stacks.size > 2 * MOST_SITES) this.#forgetFreed();
  }

  take(): Outstanding[] {
    const ended = new Set([...this.#pids()].filter((pid) => !fileExists(`/proc/${pid}`)));
    const found = this.#look.combined_only ? this.#differences() : this.#oldEnough(ended);
    this.#want(found.values());
    this.#stacks.nameFor(LAST_NAMING_MS, [...found.values()].map(({ pid }) => pid));
    const rows = [...found.values()].map((one) => this.#row(one))
      .filter(({ stack }) => !stack.some((name) => TO_SLABS.test(name)))
      .filter(({ growth_bytes }) => !this.#look.growth || growth_bytes > 0);
    this.#before = found;
    if (ended.size > 0) this.#forget(([{ pid }]) => ended.has(pid));
    return rows;
  }

  #add({ pid, stack, set: _, ...sum }: Site & sum & { readonly set: number }): Total {
    const key = keyOf({ pid, stack });
    const known = this.#totals.get(key);
    const total = known ?? { pid, stack, sum };
    if (known !== undefined) known.sum = sumOf(known.sum, sum);
    this.#totals.set(key, total);
    if (!this.#look.of_kernel && !this.#comms.has(pid)) {
      this.#comms.set(pid, tryReadTextFile(`/proc/${pid}/comm`)?.trimEnd());
    }
    return total;
  }

  #pids(): Set<number> {
    const sites = this.#look.of_kernel ? [] : [...this.#totals.values()];
    return new Set(sites.map(({ pid }) => pid));
  }

  #want(sites: Iterable<Site>): void {
    this.#stacks.want(Array.from(sites, (site) => this.#ids(site)));
  }

  #ids({ pid, stack }: Site): StackIds {
    const NONE = -2n; // -ENOENT: no such stack
    return this.#look.of_kernel
      ? { pid, kernel: stack, user: NONE }
      : { pid, kernel: NONE, user: stack };
  }

  #stackOf({ pid, stack }: Site): NamedStack {
    return this.#look.of_kernel ? this.#stacks.kernel(stack) : this.#stacks.user(pid, stack);
  }

  /** Forgets the sites all of whose blocks are freed, and the names of their stacks. */
  #forgetFreed(): void {
    for (const [key, { sum }] of this.#totals) {
      if (sum.alloc_count === sum.free_count) this.#totals.delete(key);
    }
    const sites = [...this.#totals.values()];
    this.#stacks.forgetNames(sites.map((site) => this.#ids(site)));
    const lines = new Set(sites.flatMap((site) => this.#stackOf(site).names));
    for (const line of this.#names.keys()) if (!lines.has(line)) this.#names.delete(line);
  }

  /** A process that has executed another program has lost all that it had. */
  #endOldPrograms(): void {
    const { execs } = this.#skeleton.maps;
    const times = new Map([...execs]);
    if (times.size === 0) return;
    execs.deleteBatch(times.keys());
    for (const pid of times.keys()) {
      this.#comms.set(pid, tryReadTextFile(`/proc/${pid}/comm`)?.trimEnd());
    }
    this.#forget(([{ pid }, { since }]) => since < (times.get(pid) ?? 0n));
  }

  /** Counts blocks as freed that are no longer there. */
  #forget(isGone: (block: Block) => boolean): void {
    const { blocks } = this.#skeleton.maps;
    const gone = [...blocks].filter(isGone);
    blocks.deleteBatch(gone.map(([key]) => key));
    for (const [{ pid }, { stack, size }] of gone) {
      const sum = { alloc_bytes: 0n, alloc_count: 0n, free_bytes: size, free_count: 1n };
      this.#add({ pid, stack, set: 0, ...sum });
    }
  }

  #differences(): Map<string, Found> {
    const found = new Map<string, Found>();
    for (const [key, { pid, stack, sum }] of this.#totals) {
      const bytes = Number(sum.alloc_bytes - sum.free_bytes);
      const count = Number(sum.alloc_count - sum.free_count);
      if (count > 0) found.set(key, { pid, stack, bytes, count, blocks: [] });
    }
    return found;
  }

  /** Blocks of at least the age that is shown; of processes that have ended all, as nobody will free them. */
  #oldEnough(ended: ReadonlySet<number>): Map<string, Found> {
    const found = new Map<string, Found>();
    const youngest = monotonicTime() - BigInt(this.#look.older) * 1_000_000n;
    for (const [{ pid, address }, { size, since, stack }] of this.#skeleton.maps.blocks) {
      if (since > youngest && !ended.has(pid)) continue;
      const key = keyOf({ pid, stack });
      const known = found.get(key) ?? { pid, stack, bytes: 0, count: 0, blocks: [] };
      found.set(key, known);
      known.bytes += Number(size);
      known.count++;
      if (known.oldest === undefined || since < known.oldest) known.oldest = since;
      if (known.youngest === undefined || since > known.youngest) known.youngest = since;
      if (this.#look.show_allocs) known.blocks.push(blockText(address, size));
    }
    return found;
  }

  #row(found: Found): Outstanding {
    const { pid, bytes, count, oldest, youngest, blocks } = found;
    const { of_kernel, show_allocs, perf_max_stack_depth } = this.#look;
    const key = keyOf(found);
    const before = this.#before.get(key);
    const { names: lines, frames: all } = this.#stackOf(found);
    const names = lines.map((line) => this.#names.get(line) ?? line);
    const first = of_kernel ? names.findLastIndex((name) => TO_PROGRAM.test(name)) + 1 : 0;
    const now = monotonicTime();
    const age = (since: bigint | undefined) =>
      since === undefined ? undefined : Number(now - since);
    return {
      ...{ bytes, count, stack: names.slice(first), frames: lines.slice(first) },
      pid: of_kernel ? undefined : pid,
      comm: this.#comms.get(pid),
      growth_bytes: bytes - (before?.bytes ?? 0),
      growth_count: count - (before?.count ?? 0),
      age_min_ns: age(youngest),
      age_max_ns: age(oldest),
      total_allocs: Number(this.#totals.get(key)?.sum.alloc_count ?? count),
      truncated: all >= Math.min(perf_max_stack_depth, mostFrames()),
      blocks: show_allocs ? blocks : undefined,
    };
  }

  #lineOf(frame: Frame): string {
    const line = frameText(frame);
    this.#names.set(line, frameName(frame));
    return line;
  }
}

function blockText(address: bigint, size: bigint): string {
  return `addr = 0x${address.toString(16)} size = ${size}`;
}
