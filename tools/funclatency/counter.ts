import type { Funclatency, group, times } from "#skel/funclatency.ts";
import { type Counter, CounterSets } from "#lib/tool/mod.ts";
import type { GroupedBy, Hook } from "#lib/tool/probes.ts";

type Loaded = ReturnType<ReturnType<typeof Funclatency.open>["load"]>;

/** How long the calls of a group took in the time of a table. */
export interface CallTimes extends Omit<group, "hook">, times {
  /** None where functions are not distinguished. */
  readonly hook: Hook | undefined;
}

/** Takes over what the kernel half counts. */
export class CallCounter implements Counter<CallTimes> {
  readonly #counts: CounterSets<group, times>;
  readonly #hooks: readonly Hook[];

  /** @param hooks if they are distinguished */
  constructor(skeleton: Loaded, hooks: readonly Hook[], by: readonly GroupedBy[]) {
    this.#counts = new CounterSets(skeleton, skeleton.maps.counts, by.includes("cpu"));
    this.#hooks = hooks;
  }

  collect(): Promise<void> {
    return this.#counts.collect();
  }

  take(): CallTimes[] {
    return this.#counts.take().map((row) => ({ ...row, hook: this.#hooks[row.hook] }));
  }
}
