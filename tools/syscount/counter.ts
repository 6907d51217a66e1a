import type { group, Syscount } from "#skel/syscount.ts";
import { type Counter, monotonicTime, switchSets } from "#lib/tool/mod.ts";

type Loaded = ReturnType<ReturnType<typeof Syscount.open>["load"]>;

/** What belongs together: `enum abi` of the kernel half, and 0 in what calls are not told apart by. */
type Kind = Pick<group, "pid" | "nr" | "abi" | "error">;

/** Calls of one kind, in the time of one table. */
export interface Tally extends Kind {
  /** The name of the process, where processes are told apart. */
  comm?: string;
  /** Calls that began; of failed ones, those that ended. */
  count: number;
  /** Time that was spent in these calls, be they over or not. */
  spent_ns: bigint;
  /** Calls that are not over yet. */
  running: number;
  /** Calls that ended, and their durations from beginning to end. */
  ended: number;
  total_ns: bigint;
  min_ns: bigint;
  max_ns: bigint;
  /** How many of them took 2^i to 2^(i+1) nanoseconds. */
  histogram: number[];
}

/** Takes over what the kernel half has counted, without losing a call or counting one twice. */
export class SyscallCounter implements Counter<Tally> {
  readonly #skeleton: Loaded;
  #tallies = new Map<string, Tally>();
  /** Of calls that were not over at the last table: the time that tables have shown of them. */
  #shown = new Map<string, bigint>();
  /** Names of processes, by pid. */
  #names = new Map<number, string>();

  constructor(skeleton: Loaded) {
    this.#skeleton = skeleton;
  }

  /** Lets the kernel count into its other set, then empties the one that it has left. */
  async collect(): Promise<void> {
    const old = await switchSets(this.#skeleton);
    this.#collectSlots(old);
    this.#collectGroups(old);
    this.#collectDurations(old);
    this.#collectNames(old);
  }

  /** What was collected since the last time, and the calls that are not over. */
  take(): Tally[] {
    const now = monotonicTime();
    const shown = this.#shown;
    this.#shown = new Map();
    const running = new Map<string, bigint>();
    for (const { start, ...kind } of this.#runningCalls()) {
      const tally = this.#tally(kind);
      tally.running++;
      const key = keyOf(kind);
      const so_far = now > start ? now - start : 0n;
      running.set(key, (running.get(key) ?? 0n) + so_far);
    }
    for (const [key, tally] of this.#tallies) {
      const before = shown.get(key) ?? 0n;
      // A call that ended after the set was read is in neither number: its time comes in the next table.
      const spent = tally.total_ns + (running.get(key) ?? 0n) - before;
      tally.spent_ns = spent > 0n ? spent : 0n;
      const rest = before + tally.spent_ns - tally.total_ns;
      if (rest > 0n) this.#shown.set(key, rest);
    }
    const tallies = [...this.#tallies.values()];
    for (const tally of tallies) tally.comm = this.#names.get(tally.pid);
    this.#tallies = new Map();
    this.#names = new Map(tallies.map(({ pid, comm = "" }) => [pid, comm]));
    return tallies;
  }

  *#runningCalls(): Generator<Kind & { start: bigint }> {
    const { maps, rodata } = this.#skeleton;
    if (!rodata.measure_latency || rodata.failures_only) return;
    for (const [, { start, pid, call }] of maps.running) {
      if (start === 0n) continue;
      yield {
        start,
        pid: rodata.by_process ? pid : 0,
        ...(rodata.by_syscall ? call : { nr: 0, abi: 0 }),
        error: 0,
      };
    }
  }

  #collectSlots(set: number): void {
    const { maps, bss } = this.#skeleton;
    const { used } = bss;
    for (let slot = used.indexOf(1); slot >= 0; slot = used.indexOf(1, slot + 1)) {
      const numbers = used.length / 2;
      const kind = { pid: 0, nr: slot % numbers, abi: Math.floor(slot / numbers), error: 0 };
      const at = set * used.length + slot;
      const cells = maps.slots.lookup(at)!;
      const counted = cells.filter((cell) => cell.count > 0n || cell.ended > 0n);
      if (counted.length === 0) continue;
      for (const cell of counted) add(this.#tally(kind), cell);
      maps.slots.update(at, cells.map(() => EMPTY));
    }
  }

  #collectGroups(set: number): void {
    const { groups } = this.#skeleton.maps;
    for (const [group, cell] of entriesOf(set, groups)) {
      add(this.#tally(group), cell);
      groups.delete(group);
    }
  }

  #collectDurations(set: number): void {
    const { maps, rodata } = this.#skeleton;
    if (!rodata.histogram) return;
    for (const [group, count] of entriesOf(set, maps.durations)) {
      const { histogram } = this.#tally(group);
      histogram[group.bucket] = (histogram[group.bucket] ?? 0) + Number(count);
      maps.durations.delete(group);
    }
  }

  #collectNames(set: number): void {
    const { maps, rodata } = this.#skeleton;
    if (!rodata.by_process) return;
    for (const [key, { comm }] of entriesOf(set, maps.names)) {
      this.#names.set(key.pid, comm);
      maps.names.delete(key);
    }
  }

  #tally(kind: Kind): Tally {
    const key = keyOf(kind);
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    const { pid, nr, abi, error } = kind;
    const fresh: Tally = {
      ...{ pid, nr, abi, error },
      ...{ count: 0, spent_ns: 0n, running: 0 },
      ...{ ended: 0, total_ns: 0n, min_ns: 0n, max_ns: 0n, histogram: [] },
    };
    this.#tallies.set(key, fresh);
    return fresh;
  }
}

type Cell = Readonly<Record<"count" | "ended" | "total_ns" | "min_ns" | "max_ns", bigint>>;

const EMPTY: Cell = { count: 0n, ended: 0n, total_ns: 0n, min_ns: 0n, max_ns: 0n };

function add(tally: Tally, cell: Cell): void {
  tally.count += Number(cell.count);
  if (cell.ended === 0n) return;
  if (tally.ended === 0 || cell.min_ns < tally.min_ns) tally.min_ns = cell.min_ns;
  if (cell.max_ns > tally.max_ns) tally.max_ns = cell.max_ns;
  tally.ended += Number(cell.ended);
  tally.total_ns += cell.total_ns;
}

function keyOf({ pid, nr, abi, error }: Kind): string {
  return `${pid} ${nr} ${abi} ${error}`;
}

/** The entries of one set; a list, as deleting entries would upset the walk. */
function entriesOf<K extends { set: number }, V>(
  set: number,
  map: Iterable<readonly [K, V]>,
): (readonly [K, V])[] {
  return [...map].filter(([key]) => key.set === set);
}
