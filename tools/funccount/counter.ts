import type { Funccount, group, passes } from "#skel/funccount.ts";
import { type Counter, CounterSets, takeSet } from "#lib/tool/mod.ts";
import { frameName, KeptStacks } from "#lib/tool/stacks.ts";
import { behindHook, type GroupedBy, type Hook } from "#lib/tool/probes.ts";

type Loaded = ReturnType<ReturnType<typeof Funccount.open>["load"]>;

/** What distinguishes counts, besides the hook. */
export type By = GroupedBy | "kstack";

/** How often a hook was passed in the time of a table. */
export interface Calls extends Partial<Omit<group, "set" | "hook" | "kstack">> {
  readonly hook: Hook;
  readonly count: number;
  /** Functions of the kernel, the innermost first. */
  readonly stack?: readonly string[];
}

/**
 * By hook alone: counters that only grow. To attach to hundreds of hooks, and to detach from them, may take the
 * kernel half a minute: what is counted meanwhile is left out, so that all are counted for the same time.
 */
export class HookCounter implements Counter<Calls> {
  readonly #skeleton: Loaded;
  readonly #hooks: readonly Hook[];
  /** What earlier tables have shown. */
  #shown: bigint[] = [];
  #counted: bigint[] = [];
  #detaching = false;

  constructor(skeleton: Loaded, hooks: readonly Hook[]) {
    this.#skeleton = skeleton;
    this.#hooks = hooks;
  }

  attached(): void {
    this.#read();
    this.#shown = [...this.#counted];
  }

  detaching(): void {
    this.#read();
    this.#detaching = true;
  }

  collect(): Promise<void> {
    if (!this.#detaching) this.#read();
    return Promise.resolve();
  }

  #read(): void {
    for (const [hook, cpus] of this.#skeleton.maps.counts) {
      this.#counted[hook] = cpus.reduce((sum, count) => sum + count, 0n);
    }
  }

  take(): Calls[] {
    const before = this.#shown;
    this.#shown = [...this.#counted];
    return this.#hooks.map((hook, at) => ({
      hook,
      count: Number((this.#shown[at] ?? 0n) - (before[at] ?? 0n)),
    })).filter(({ count }) => count > 0);
  }
}

/** By hook and what else the user wants. */
export class GroupCounter implements Counter<Calls> {
  readonly #skeleton: Loaded;
  readonly #hooks: readonly Hook[];
  readonly #counts: CounterSets<group, passes>;
  /** If they are wanted. */
  readonly #stacks: KeptStacks | undefined;

  constructor(skeleton: Loaded, hooks: readonly Hook[], by: readonly By[]) {
    this.#skeleton = skeleton;
    this.#hooks = hooks;
    this.#counts = new CounterSets(skeleton, skeleton.maps.groups, by.includes("cpu"));
    if (by.includes("kstack")) this.#stacks = new KeptStacks("", frameName);
  }

  async collect(): Promise<void> {
    const { bss, maps } = this.#skeleton;
    const old = bss.set;
    await this.#counts.collect();
    if (this.#stacks === undefined) return;
    const stacks = takeSet(maps.stacks, old);
    this.#stacks.add(stacks);
    for (const [{ id }] of stacks) this.#stacks.kernel(id);
    this.#stacks.forgetOthers();
  }

  take(): Calls[] {
    return this.#counts.take().map(({ hook, count, kstack, ...rest }) => ({
      ...rest,
      hook: this.#hooks[hook],
      count: Number(count),
      stack: this.#stacks && behindHook(this.#hooks[hook], this.#stacks.kernel(kstack).names),
    }));
  }
}
