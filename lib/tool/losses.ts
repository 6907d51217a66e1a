import type { Losses, Trace } from "./trace_interface.ts";

/** What happened to lost events, by the names of {@link Losses}. */
const CAUSES: Record<keyof Losses, string> = {
  ring: "ring buffer full",
  map: "map full",
};

const causes = Object.keys(CAUSES) as (keyof Losses)[];

/** Losses are told once in so many milliseconds at most. */
const INTERVAL_MS = 1000;

/** All that was lost, whatever the cause. */
export function totalLost(losses: Losses): bigint {
  return causes.reduce((sum, cause) => sum + (losses[cause] ?? 0n), 0n);
}

/** Tells on stderr what a trace loses: when it happens, and all of it at the end. */
export class LossReport {
  #told: Losses = {};
  #last = -Infinity;

  constructor(readonly tool: string, readonly trace: Pick<Trace<unknown>, "losses" | "lost">) {}

  /** To be called often: tells what was lost since the last time, unless that was just now. */
  tell(): void {
    if (this.trace.lost === totalLost(this.#told)) return;
    const now = performance.now();
    if (now - this.#last < INTERVAL_MS) return;
    const { losses } = this.trace;
    console.error(`${this.tool}: ${describe(losses, this.#told)}`);
    this.#told = losses;
    this.#last = now;
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
