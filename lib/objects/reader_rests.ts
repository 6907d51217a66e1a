import type { Waiter } from "../sys/waiter.ts";

/** How long a rest lasts; nobody sees so short a delay. */
export const REST_MS = 5;

/**
 * A ring of which a rest fills more than this part has little room left for what a reader that is held up
 * does not come to: no more rests then, for a while.
 */
const HEAVY = 1 / 8;
const RESTLESS_MS = 100;

/**
 * After a rest a program may still be at work that took the reader for resting, and so leave an event
 * without a word: that one is found so much later, and at the latest after the second of these.
 */
const LAST_LOOK_MS = 10;
const LOOK_AGAIN_MS = 1000;

/** What a rest looks at of a ring. */
export interface Gathering {
  /** How far reading has come, in bytes. */
  readonly position: number;
  /** How many bytes it holds. */
  readonly size: number;
}

/**
 * The rests of a reader that would rather be cheap than quick: while they last the kernel half need not
 * wake it for the events that gather, see bpf/include/wake.h.
 */
export class Rests {
  readonly #ring: Gathering;
  readonly #waiter: Waiter;
  readonly #report: (yes: boolean) => void;
  /** How far reading had come when it was last asked for a rest. */
  #position: number;
  /** Whether nothing was waited for since the last rest. */
  #rested = false;
  /** Until when there are none. */
  #restless = 0;

  /** @param report writes for the kernel half whether the reader rests */
  constructor(ring: Gathering, waiter: Waiter, report: (yes: boolean) => void) {
    this.#ring = ring;
    this.#waiter = waiter;
    this.#report = report;
    this.#position = ring.position;
  }

  /** Rests, when all that there was has been read. @returns false if events are too many for that */
  async rest(): Promise<boolean> {
    const { position, size } = this.#ring;
    const gathered = position - this.#position;
    const now = performance.now();
    this.#position = position;
    if (gathered > size * HEAVY) this.#restless = now + RESTLESS_MS;
    if (now < this.#restless) return false;
    this.#report(true);
    await this.#waiter.rest(REST_MS);
    if (this.#waiter.closed) return true; // and the kernel half's variables may be gone
    this.#report(false);
    return this.#rested = true;
  }

  /** How long may be waited for an event, in milliseconds. */
  waitMs(): number {
    const rested = this.#rested;
    this.#rested = false;
    return rested ? LAST_LOOK_MS : LOOK_AGAIN_MS;
  }
}
