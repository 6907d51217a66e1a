import type { cell, group, Syscount } from "#skel/syscount.ts";
import { type Counter, monotonicTime, sumOf, switchSets, takeSet } from "#lib/tool/mod.ts";

type Loaded = ReturnType<ReturnType<typeof Syscount.open>["load"]>;

/** What belongs together; 0 in what does not distinguish calls. */
type Kind = Pick<group, "pid" | "nr" | "abi" | "error">;

/** Calls of one kind, in the time of one table. */
interface Tally {
  readonly kind: Kind;
  /** What was counted of them: those that ended have a duration. */
  counted: cell;
  /** Calls that are not over yet, and how long they have lasted. */
  running: number;
  running_ns: bigint;
  /** How many took 2^i to 2^(i+1) - 1 nanoseconds. */
  readonly histogram: number[];
}

/** What members are read from. */
export type Row = ReturnType<SyscallCounter["take"]>[number];

/** Takes over what the kernel half has counted, without losing a call or counting one twice. */
export class SyscallCounter implements Counter<unknown> {
  readonly #skeleton: Loaded;
  #tallies = new Map<string, Tally>();
  /** Of calls that were not over at the last table: the time that tables have shown of them. */
  #shown = new Map<string, bigint>();
  /** Names of processes, by pid. */
  #names = new Map<number, string>();

  constructor(skeleton: Loaded) {
    this.#skeleton = skeleton;
  }

  async collect(): Promise<void> {
    const { maps, rodata } = this.#skeleton;
    const old = await switchSets(this.#skeleton);
    this.#collectSlots(old);
    for (const [group, cell] of takeSet(maps.groups, old)) this.#count(group, cell);
    for (const [group, count] of rodata.histogram ? takeSet(maps.durations, old) : []) {
      const { histogram } = this.#tally(group);
      histogram[group.bucket] = (histogram[group.bucket] ?? 0) + Number(count);
    }
    for (const [{ pid }, { comm }] of rodata.by_process ? takeSet(maps.names, old) : []) {
      this.#names.set(pid, comm);
    }
  }

  /** What was collected since the last time, and the calls that are not over; undefined is not asked for. */
  take() {
    const { by_process, by_syscall, by_error, measure_latency, histogram } = this.#skeleton.rodata;
    this.#lookAtRunning();
    const shown = this.#shown;
    this.#shown = new Map();
    const rows = [...this.#tallies].map(([key, { kind, counted, running, ...tally }]) => {
      const before = shown.get(key) ?? 0n;
      // A call that ended after the set was read is in neither number: its time comes in the next table.
      const spent = counted.total_ns + tally.running_ns - before;
      const spent_ns = spent > 0n ? spent : 0n;
      const rest = before + spent_ns - counted.total_ns;
      if (rest > 0n) this.#shown.set(key, rest);
      return {
        pid: by_process ? kind.pid : undefined,
        comm: by_process ? this.#names.get(kind.pid) : undefined,
        call: by_syscall ? kind : undefined,
        error: by_error ? kind.error : undefined,
        count: Number(counted.count),
        durations: counted.ended > 0n ? counted : undefined,
        ...measure_latency && { spent_ns, running },
        histogram: histogram ? Array.from(tally.histogram, (count) => count ?? 0) : undefined,
      };
    });
    this.#tallies = new Map();
    this.#names = new Map(by_process ? rows.map(({ pid, comm = "" }) => [pid!, comm]) : []);
    return rows;
  }

  #lookAtRunning(): void {
    const { maps, rodata } = this.#skeleton;
    const now = monotonicTime();
    if (!rodata.measure_latency || rodata.failures_only) return;
    for (const [, { start, pid, call }] of maps.running) {
      if (start === 0n) continue;
      const { nr, abi } = rodata.by_syscall ? call : { nr: 0, abi: 0 };
      const tally = this.#tally({ pid: rodata.by_process ? pid : 0, nr, abi, error: 0 });
      tally.running++;
      if (now > start) tally.running_ns += now - start;
    }
  }

  #collectSlots(set: number): void {
    const { maps, bss: { used } } = this.#skeleton;
    const numbers = used.length / 2;
    for (let slot = used.indexOf(1); slot >= 0; slot = used.indexOf(1, slot + 1)) {
      const at = set * used.length + slot;
      const cells = maps.slots.lookup(at)!;
      const counted = cells.reduce(sumOf);
      if (counted.count + counted.ended === 0n) continue;
      const abi = Math.floor(slot / numbers);
      this.#count({ pid: 0, nr: slot % numbers, abi, error: 0 }, counted);
      maps.slots.update(at, cells.map(() => EMPTY));
    }
  }

  #count(kind: Kind, cell: cell): void {
    const tally = this.#tally(kind);
    tally.counted = sumOf(tally.counted, cell);
  }

  #tally(kind: Kind): Tally {
    const key = `${kind.pid} ${kind.nr} ${kind.abi} ${kind.error}`;
    let tally = this.#tallies.get(key);
    if (tally === undefined) {
      tally = { kind, counted: EMPTY, running: 0, running_ns: 0n, histogram: [] };
      this.#tallies.set(key, tally);
    }
    return tally;
  }
}

const EMPTY: cell = { count: 0n, ended: 0n, total_ns: 0n, min_ns: 0n, max_ns: 0n };
