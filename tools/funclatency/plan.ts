import type { Funclatency } from "#skel/funclatency.ts";
import { possibleCpus } from "#lib/tool/mod.ts";
import { type AskedCalls, CallPlan } from "#lib/tool/probes.ts";
import { measureProbes } from "./probe_time.ts";

type Opened = ReturnType<typeof Funclatency.open>;
type Loaded = ReturnType<Opened["load"]>;

/** Groups in a second where tasks are distinguished: a group has an entry for each of its CPUs. */
const MAX_GROUPS = 16_384;

/** What is traced, and how programs get there. */
export class Plan extends CallPlan {
  readonly #text: string | undefined;
  /** What the probes themselves take of a call, in nanoseconds, if that could be measured. */
  probe_ns: number | undefined;

  /** @throws {ExitError} if there is nothing to trace, too much, or nothing that this host can trace */
  constructor(asked: AskedCalls) {
    super(asked);
    this.#text = asked.pattern;
  }

  /** Chooses how programs are loaded. */
  choose(opened: Opened, options: { functions: boolean; by: readonly string[] }): void {
    this.prepareCalls(opened);
    const areMany = options.by.some((by) => by !== "cpu");
    const hooks = options.functions ? Math.max(1, this.hooks.length) : 1;
    opened.maps.counts.maxEntries = areMany ? MAX_GROUPS : 2 * possibleCpus() * hooks;
  }

  /**
   * Attaches the programs.
   * @throws {BpfError | ExitError} if the kernel takes none of the functions
   */
  attach(skeleton: Loaded): void {
    if (this.kind === undefined) return;
    this.probe_ns = measureProbes(skeleton, this);
    this.attachCalls(skeleton);
  }

  get title(): string {
    const takes = this.probe_ns === undefined
      ? ""
      : ` (Probes take about ${(this.probe_ns / 1000).toFixed(1)} us of each call.)`;
    return `Tracing ${this.count} functions for "${this.#text}"... Hit Ctrl-C to end.${takes}`;
  }
}
