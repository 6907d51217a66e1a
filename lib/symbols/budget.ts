/**
 * How much is done for what traced processes choose. Their files, their mappings and the maps of their JITs
 * are as big, as many and as odd as they like, and a tool of root reads them for everybody: so each has a
 * limit, each process has a budget, and all of them together have one. What is over it has no name, and the
 * frame says so.
 */
const MIB = 1024 * 1024;

/** The most that is read of each thing, and kept of it. */
export const LIMITS = {
  /** Bytes of /proc/PID/maps: as many mappings as Linux allows, with paths of 180 letters. */
  mapsBytes: 16 * MIB,
  /** Mappings that hold code; vm.max_map_count is 65,530 unless root raises it. */
  mappings: 65_536,
  /** Bytes of a file that is read from end to end for its checksum. */
  summedBytes: 32 * MIB,
  /** Bytes of a perf map: 200,000 lines as V8 and HotSpot write them. */
  perfMapBytes: 16 * MIB,
  perfMapLines: 262_144,
  /** Bytes of a line of it; the rest of a name is left out. */
  perfMapLine: 4096,
  /** Letters of a function's name; the rest is left out. */
  name: 1024,
} as const;

/**
 * Work that is none of reading, in bytes that could be read meanwhile: to sort a symbol or to write a letter
 * of a name that is demangled; and to look for a file and for those of its debug symbols.
 */
export const SORTED = 64;
export const LOOKED_FOR = 64 * 1024;

/** Work for a function or a probe that is looked up and kept, in bytes that could be read meanwhile. */
export const KEPT = 256;

/** Bytes that are read at once, and in each second from then on. */
interface Rate {
  readonly most: number;
  readonly perSecond: number;
}

/** What may be read of files: a byte takes 1 to 6 ns. */
const FILES = {
  process: { most: 256 * MIB, perSecond: 16 * MIB },
  all: { most: 768 * MIB, perSecond: 32 * MIB },
} as const;

/** What may be read of /proc/PID/maps, which the kernel makes up each time: a byte takes up to 30 ns. */
const MAPS = {
  process: { most: 32 * MIB, perSecond: 2 * MIB },
  all: { most: 256 * MIB, perSecond: 8 * MIB },
} as const;

/**
 * What may be read to find the functions and probes that a user names: of a file, which has no more than a
 * million functions, and of all files of a tool. Nothing of it comes back: a tool looks them up once.
 */
export const LOOKUPS = {
  file: { most: 512 * MIB, perSecond: 0 },
  all: { most: 1024 * MIB, perSecond: 0 },
} as const;

/** A budget has been used up. The message is a reason for a name that is not known. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";

  /** @param budget the one that has been used up */
  constructor(readonly budget: Budget, whose: string, { most, perSecond }: Rate) {
    const later = perSecond > 0 ? `, then ${inMib(perSecond)} a second` : "";
    super(`${whose} has used up what is read of it: ${inMib(most)}${later}`);
  }
}

function inMib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
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
   * Finds out whether there is an amount, and takes nothing.
   * @throws {BudgetError} if there is less, here or above
   */
  check(amount: number): void {
    this.#fill();
    if (amount > this.#left) throw new BudgetError(this, this.#whose, this.#rate);
    this.#above?.check(amount);
  }

  /**
   * Takes an amount before the work is done.
   * @throws {BudgetError} if there is less, here or above; then nothing is taken
   */
  take(amount: number): void {
    this.check(amount);
    this.#owe(amount);
  }

  /**
   * Work whose amount is known when it has been done. It may leave a debt, which time pays.
   * @param work returns its amount
   * @throws {BudgetError} if nothing is left, before it is done
   */
  spend(work: () => number): void {
    this.take(1);
    this.#owe(work() - 1);
  }

  #owe(amount: number): void {
    if (this.#above !== undefined) this.#above.#owe(amount);
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
  readonly #memory: number;
  readonly #files: Budget;
  readonly #maps = new Budget("everything that is traced", MAPS.all);

  /** @param memory bytes that it may keep: to read a file once that takes all of them is never too much */
  constructor(memory: number) {
    this.#memory = memory;
    this.#files = new Budget("everything that is traced", this.#atLeast(FILES.all));
  }

  /** What it may do for one of them. */
  ofProcess(): ProcessBudget {
    const files = new Budget("its process", this.#atLeast(FILES.process), { above: this.#files });
    const maps = new Budget("its process", MAPS.process, { above: this.#maps });
    return { files, maps };
  }

  #atLeast({ most, perSecond }: Rate): Rate {
    return { most: Math.max(most, this.#memory), perSecond };
  }
}

/** What may be done for a process. */
export interface ProcessBudget {
  /** Bytes of files. */
  readonly files: Budget;
  /** Bytes of its list of mappings. */
  readonly maps: Budget;
}
