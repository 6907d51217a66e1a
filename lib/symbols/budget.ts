/**
 * How much is done for what traced processes choose. Their files, their mappings and the maps of their JITs
 * are as big, as many and as odd as they like, and a tool of root reads them for everybody: so each has a
 * limit, each process has a budget, and all of them together have one. What is over it has no name, and the
 * frame says so.
 */
const MIB = 1024 * 1024;

/** The most that is read of each thing, and kept of it. */
export const LIMITS = {
  /** Bytes of a perf map: 200,000 lines as V8 and HotSpot write them. */
  perfMapBytes: 16 * MIB,
  perfMapLines: 262_144,
  /** Bytes of a line of it; the rest of a name is left out. */
  perfMapLine: 4096,
} as const;

/** Bytes that are read at once, and in each second from then on. */
interface Rate {
  readonly most: number;
  readonly perSecond: number;
}

/** What may be read of files: to look at a byte takes 1 to 6 ns. */
const FILES = {
  process: { most: 384 * MIB, perSecond: 16 * MIB },
  all: { most: 1024 * MIB, perSecond: 32 * MIB },
} as const;

/** A budget has been used up. The message is a reason for a name that is not known. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";
}

/** An amount of work, of which some comes back with time. */
export class Budget {
  readonly #whose: string;
  readonly #rate: Rate;
  readonly #above: Budget | undefined;
  readonly #now: () => number;
  #left: number;
  #filledAt: number;
  #used = 0;

  /**
   * A budget that is full.
   * @param whose it is, for the error: `its process`
   * @param options.above what is taken here is taken there as well
   * @param options.now a clock in milliseconds
   */
  constructor(
    whose: string,
    rate: Rate,
    options: { above?: Budget; now?: () => number } = {},
  ) {
    this.#whose = whose;
    this.#rate = rate;
    this.#above = options.above;
    this.#now = options.now ?? (() => performance.now());
    this.#left = rate.most;
    this.#filledAt = this.#now();
  }

  /** What has been taken so far. */
  get used(): number {
    return this.#used;
  }

  /**
   * Takes an amount before the work is done.
   * @throws {BudgetError} if there is less, here or above; then nothing is taken
   */
  take(amount: number): void {
    this.#fill();
    if (amount > this.#left) {
      const { most, perSecond } = this.#rate;
      const rate = `${most / MIB} MiB${
        perSecond > 0 ? `, then ${perSecond / MIB} MiB a second` : ""
      }`;
      throw new BudgetError(`${this.#whose} has used up what is read of it: ${rate}`);
    }
    this.#above?.take(amount);
    this.#left -= amount;
    this.#used += amount;
  }

  #fill(): void {
    const now = this.#now();
    const { most, perSecond } = this.#rate;
    this.#left = Math.min(most, this.#left + (now - this.#filledAt) / 1000 * perSecond);
    this.#filledAt = now;
  }
}

/** What a symbolizer may do for all processes together. */
export class Budgets {
  readonly files = new Budget("everything that is traced", FILES.all);

  /** What it may do for one of them. */
  ofProcess(): ProcessBudget {
    return { files: new Budget("its process", FILES.process, { above: this.files }) };
  }
}

/** What may be done for a process. */
export interface ProcessBudget {
  /** Bytes of files. */
  readonly files: Budget;
}
