import type { Argdist, passes, place } from "#skel/argdist.ts";
import { type Counter, decodeText, switchSets, takeSet } from "#lib/tool/mod.ts";
import type { Value } from "#lib/tool/fetch.ts";
import type { Plan, Spec } from "./plan.ts";

type Loaded = ReturnType<ReturnType<typeof Argdist.open>["load"]>;

/** How often values passed, or all of a histogram. */
export interface Distributed {
  readonly spec: Spec;
  readonly count: number;
  /** The values; none of a histogram. */
  readonly values?: readonly Value[];
  /** The sum of all values of a histogram. */
  readonly total?: bigint;
  /** Counts of a histogram by the slots of the kernel half. */
  readonly slots?: ReadonlyMap<number, number>;
  /** How many values of a histogram could not be had. */
  readonly unread?: number;
}

/** What was counted of one thing that is asked for: by the values, or the slot. */
interface Counted {
  readonly values: readonly Value[];
  count: number;
  total: bigint;
}

/** Takes over what the kernel half counts. */
export class DistributionCounter implements Counter<Distributed> {
  readonly #skeleton: Loaded;
  readonly #plan: Plan;
  readonly #cumulative: boolean;
  readonly #top: number;
  #counted = new Map<Spec, Map<string, Counted>>();

  /**
   * @param cumulative whether a table has all since the beginning
   * @param top how many rows there are at most of each thing that is asked for
   */
  constructor(skeleton: Loaded, plan: Plan, cumulative: boolean, top: number) {
    this.#skeleton = skeleton;
    this.#plan = plan;
    this.#cumulative = cumulative;
    this.#top = top;
  }

  async collect(): Promise<void> {
    const { maps } = this.#skeleton;
    const old = await switchSets(this.#skeleton);
    for (const [key, passes] of takeSet(maps.counts, old)) this.#add(key, [], passes);
    const texts = [...maps.text_counts].filter(([{ place }]) => place.set === old);
    maps.text_counts.deleteBatch(texts.map(([key]) => key));
    for (const [{ place, texts: bytes }, passes] of texts) this.#add(place, bytes, passes);
  }

  #add({ probe, missing, values }: place, texts: readonly Uint8Array[], passes: passes): void {
    const { spec, compiled } = this.#plan.probes[probe];
    const read = compiled.values.map(({ kind, signed, text }, i): Value => {
      if ((missing & 1 << i) !== 0) return undefined;
      if (kind !== "number") return textIn(texts[text]);
      // A slot is negative for negative values, whatever these are.
      return signed || spec.isHistogram
        ? BigInt.asIntN(64, values[i])
        : BigInt.asUintN(64, values[i]);
    });
    const name = JSON.stringify(
      read.map((value) => typeof value === "bigint" ? `${value}` : { value }),
    );
    const known = this.#counted.get(spec) ?? new Map<string, Counted>();
    this.#counted.set(spec, known);
    const counted = known.get(name) ?? { values: read, count: 0, total: 0n };
    known.set(name, counted);
    counted.count += Number(passes.count);
    counted.total += compiled.values[0]?.signed ? BigInt.asIntN(64, passes.total) : passes.total;
  }

  take(): Distributed[] {
    const rows = this.#plan.specs.flatMap((spec) => {
      const counted = [...this.#counted.get(spec)?.values() ?? []];
      if (counted.length === 0) return [];
      if (spec.isHistogram) return [histogramOf(spec, counted)];
      return counted.map(({ values, count }) => ({ spec, values, count }))
        .sort((a, b) => b.count - a.count || compared(a.values, b.values)).slice(0, this.#top);
    });
    if (!this.#cumulative) this.#counted = new Map();
    return rows;
  }
}

/** What is counted as often stands in the order of the values. */
function compared(a: readonly Value[], b: readonly Value[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  const [one, other] = [a[at], b[at]];
  if (one === undefined || other === undefined) return Number(other !== undefined);
  return one < other ? -1 : 1;
}

function textIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(bytes, 0, end < 0 ? bytes.length : end);
}

function histogramOf(spec: Spec, counted: readonly Counted[]): Distributed {
  const slots = new Map<number, number>();
  let [count, unread, total] = [0, 0, 0n];
  for (const one of counted) {
    const [slot] = one.values;
    if (slot === undefined) {
      unread += one.count;
      continue;
    }
    slots.set(Number(slot), one.count);
    count += one.count;
    total += one.total;
  }
  return { spec, count, total, slots, unread };
}
