/** Events that were lost, by what had no room for them, or else why. */
export interface Losses {
  /** The ring buffer was full. */
  readonly ring?: bigint;
  /** A map was full. */
  readonly map?: bigint;
  /**
   * Events that the kernel did not show to a program, which was at work on that CPU already; see
   * `Program.misses`. Those of processes that are not traced are among them.
   */
  readonly missed?: bigint;
  /** The returns of calls were not seen: the functions have not returned, or the kernel did not show it. */
  readonly returns?: bigint;
  /** There were more rows than a table has room for. */
  readonly rows?: bigint;
}

/** Why events were lost, by the names of {@link Losses}. */
const CAUSES: Record<keyof Losses, string> = {
  ring: "ring buffer full",
  map: "map full",
  missed: "not shown to a busy program",
  returns: "return not seen",
  rows: "too many rows",
};

const causes = Object.keys(CAUSES) as (keyof Losses)[];

/** How often losses are looked for and reported, in milliseconds: looking takes a few system calls. */
const INTERVAL_MS = 1000;

/** All that was lost, whatever the cause. */
export function totalLost(losses: Losses): bigint {
  return causes.reduce((sum, cause) => sum + (losses[cause] ?? 0n), 0n);
}

/** Reports on stderr what a trace loses: when it happens, and all of it at the end. */
export class LossReport {
  #reported: Losses = {};
  #looked = -Infinity;

  constructor(readonly tool: string, readonly trace: { readonly losses: Losses }) {}

  /** To be called often: looks from time to time, and reports what was lost since the last time. */
  report(): void {
    const now = performance.now();
    if (now - this.#looked < INTERVAL_MS) return;
    this.#looked = now;
    const { losses } = this.trace;
    if (totalLost(losses) === totalLost(this.#reported)) return;
    console.error(`${this.tool}: ${describe(losses, this.#reported)}`);
    this.#reported = losses;
  }

  /** To be called once, when nothing more can be lost. */
  end(): void {
    const { losses } = this.trace;
    if (totalLost(losses) === 0n) return;
    console.error(`${this.tool}: ${describe(losses, {}, " in all")}`);
  }
}

/** `lost 17 events (ring buffer full)`, `lost 9 events in all (7 ring buffer full, 2 map full)` */
function describe(losses: Losses, before: Losses = {}, inAll = ""): string {
  const parts = causes
    .map((cause) => [(losses[cause] ?? 0n) - (before[cause] ?? 0n), CAUSES[cause]] as const)
    .filter(([count]) => count > 0n);
  const total = parts.reduce((sum, [count]) => sum + count, 0n);
  const why = parts.map(([count, text]) => parts.length > 1 ? `${count} ${text}` : text);
  return `lost ${total} ${total === 1n ? "event" : "events"}${inAll} (${why.join(", ")})`;
}
