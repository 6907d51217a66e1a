/** What the samples say of queues: those of one CPU, of a node, or of all CPUs. */
import type { count, group, Runqlen } from "#skel/runqlen.ts";
import { type Counter, CounterSets } from "#lib/tool/mod.ts";

type Loaded = ReturnType<ReturnType<typeof Runqlen.open>["load"]>;

/** Classes of scheduling: `enum queue_class` of bpf/include/queued.h. */
const CLASSES = ["fair", "rt", "deadline", "ext"] as const;

/** What is counted: `enum measure` of bpf/runqlen.bpf.c. */
const MEASURES = ["waiting", ...CLASSES, "idle", "wanted", "unclaimed"] as const;

/** How many measures there are of CPUs that are idle. */
const IDLE_MEASURES = MEASURES.length - MEASURES.indexOf("idle");

/** Lengths that the queue of a CPU has in a second, which is how often they are collected. */
const LENGTHS = 128;

/** What rows are distinguished by. */
export interface Groups {
  readonly cpus: boolean;
  readonly numa: boolean;
  readonly class: boolean;
  readonly unclaimed: boolean;
}

/** Numbers of CPUs, all samples added up. */
export interface Cpus {
  /** All that there were. */
  readonly all: number;
  readonly idle: number;
  /** Idle ones, as many as tasks waited. */
  readonly wanted: number;
  /** Idle ones, as many as tasks waited that may run there. */
  readonly unclaimed: number;
}

/** What waited in some queues. */
export interface Queue {
  readonly cpu?: number;
  readonly node?: number;
  readonly class?: typeof CLASSES[number];
  /** The number at `i` is of samples in which `i` tasks waited. */
  readonly lengths: readonly number[];
  /** Of the same CPUs, with the option `unclaimed`. */
  readonly cpus?: Cpus;
}

/** How many entries the map needs. @param cpus how many there may be */
export function mostCounts(cpus: number, groups: Groups): number {
  const queues = cpus * LENGTHS * (groups.class ? 2 : 1); // not all classes have long ones
  return 2 * (queues + (groups.unclaimed ? IDLE_MEASURES * (cpus + 1) : 0));
}

type Count = group & count;

/** Counts samples by what they are of. */
export class QueueCounter implements Counter<Queue> {
  readonly #counts: CounterSets<group, count>;
  readonly #groups: Groups;
  readonly #nodes: ReadonlyMap<number, number>;

  /** @param nodes the NUMA nodes of CPUs */
  constructor(skeleton: Loaded, groups: Groups, nodes: ReadonlyMap<number, number>) {
    this.#counts = new CounterSets(skeleton, skeleton.maps.counts);
    this.#groups = groups;
    this.#nodes = nodes;
  }

  collect(): Promise<void> {
    return this.#counts.collect();
  }

  take(): Queue[] {
    const { cpus, numa } = this.#groups;
    const isOfCpus = ({ measure }: Count) => measure < MEASURES.indexOf("idle");
    const groups = Map.groupBy(this.#counts.take(), (count) => {
      const node = isOfCpus(count) ? this.#nodes.get(count.of) ?? 0 : count.of;
      return cpus ? count.of : numa ? node : 0;
    });
    return [...groups].toSorted(([a], [b]) => a - b).flatMap(([of, counts]) => {
      const place = {
        ...cpus && { cpu: of },
        ...numa && { node: cpus ? this.#nodes.get(of) ?? 0 : of },
      };
      return this.#queues(counts).map((queue) => ({ ...place, ...queue }));
    });
  }

  #queues(counts: readonly Count[]): Queue[] {
    const measured = (name: typeof MEASURES[number]) =>
      counts.filter(({ measure }) => MEASURES[measure] === name);
    const lengths = lengthsOf(measured("waiting"));
    const all = sum(lengths);
    if (this.#groups.class) {
      return CLASSES.filter((name) => name === "fair" || measured(name).length > 0)
        .map((name) => ({ class: name, lengths: withOthers(lengthsOf(measured(name)), all) }));
    }
    if (!this.#groups.unclaimed) return [{ lengths }];
    const [idle, wanted, unclaimed] = (["idle", "wanted", "unclaimed"] as const)
      .map((name) => total(lengthsOf(measured(name))));
    return [{ lengths, cpus: { all, idle, wanted, unclaimed } }];
  }
}

/** How many samples there are of each value. */
function lengthsOf(counts: readonly Count[]): number[] {
  const longest = counts.reduce((most, { value }) => Math.max(most, value), -1);
  const lengths = new Array(longest + 1).fill(0);
  for (const { value, samples } of counts) lengths[value] += Number(samples);
  return lengths;
}

/** The same with those of 0, which were not counted. @param all samples that there were */
function withOthers(lengths: readonly number[], all: number): number[] {
  return [all - sum(lengths), ...lengths.slice(1)];
}

/** How many samples there were. */
export const sum = (lengths: readonly number[]): number => lengths.reduce((a, b) => a + b, 0);

/** All values added up. */
export const total = (lengths: readonly number[]): number =>
  lengths.reduce((all, samples, value) => all + samples * value, 0);
