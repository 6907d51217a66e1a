import type { group, Runqlat, waits } from "#skel/runqlat.ts";
import { type Counter, CounterSets, takeSet } from "#lib/tool/mod.ts";

type Loaded = ReturnType<ReturnType<typeof Runqlat.open>["load"]>;

/** The waits of one group in the time of a table. */
export type Waits = group & waits & {
  /** The name of the thread, or else of the process, at its last wait. */
  comm?: string;
};

/** Takes over what the kernel half counts, and the names of the tasks in it. */
export class WaitCounter implements Counter<Waits> {
  readonly #skeleton: Loaded;
  readonly #counts: CounterSets<group, waits>;
  /** By thread or process, as the kernel half keeps them. */
  #names = new Map<number, string>();

  /** @param by_cpu whether CPUs are distinguished */
  constructor(skeleton: Loaded, by_cpu: boolean) {
    this.#skeleton = skeleton;
    this.#counts = new CounterSets(skeleton, skeleton.maps.counts, by_cpu);
  }

  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    const old = bss.set;
    await this.#counts.collect();
    for (const [{ id }, { comm }] of takeSet(maps.names, old)) this.#names.set(id, comm);
  }

  take(): Waits[] {
    const names = this.#names;
    this.#names = new Map();
    return this.#counts.take().map((row) => ({ ...row, comm: names.get(row.tid || row.pid) }));
  }
}
