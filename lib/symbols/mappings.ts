/** The code that a process has mapped, as it was when it was read last. */
import { ENOENT, ESRCH, SystemError } from "../sys/errno.ts";
import { type Budget, BudgetError, LIMITS } from "./budget.ts";
import { lastNotAbove } from "./intervals.ts";
import { type CodeMapping, readCodeMappings } from "./process_maps.ts";

/** Bytes of memory that a mapping takes besides its path, about. */
const EACH = 160;

const CUT = `its process has more mappings than are read: ${
  LIMITS.mapsBytes / 2 ** 20
} MiB of them`;

export class Mappings {
  readonly #pid: number;
  readonly #budget: Budget;
  #all: readonly CodeMapping[] = [];
  #starts: readonly number[] = [];
  #letters = 0;
  #obstacle: string | undefined;

  constructor(pid: number, budget: Budget) {
    this.#pid = pid;
    this.#budget = budget;
  }

  /** Bytes of memory that they take, about. */
  get cost(): number {
    return this.#all.length * EACH + this.#letters;
  }

  /** Why there are none, or not all of them. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** The mapping that an address is in. */
  at(address: number): CodeMapping | undefined {
    const mapping = this.#all[lastNotAbove(this.#starts, address)];
    return mapping !== undefined && address < mapping.end ? mapping : undefined;
  }

  /** Lets go of those of a program that the process no longer runs. */
  forget(): void {
    this.#take([]);
  }

  /** Reads them anew; what is mapped as before stays the same object. What has ended keeps its last ones. */
  read(): void {
    this.#obstacle = undefined;
    try {
      this.#budget.spend(() => this.#read());
    } catch (error) {
      if (error instanceof BudgetError) this.#obstacle = error.message;
      else if (!(error instanceof SystemError)) throw error;
      else if (error.errno !== ENOENT && error.errno !== ESRCH) this.#obstacle = error.message;
      else this.#obstacle = "the process has ended";
    }
  }

  #read(): number {
    const { mappings, size, isCut } = readCodeMappings(this.#pid);
    if (size === 0) this.#obstacle = "the process has ended, or is one of the kernel's";
    else this.#take(mappings);
    if (isCut) this.#obstacle = CUT;
    return size;
  }

  #take(mappings: readonly CodeMapping[]): void {
    const before = this.#all;
    let at = 0;
    this.#all = mappings.map((mapping) => {
      while (at < before.length && before[at].start < mapping.start) at++;
      return at < before.length && isSame(before[at], mapping) ? before[at] : mapping;
    });
    this.#starts = this.#all.map(({ start }) => start);
    this.#letters = new Set(this.#all.map(({ text }) => text)).values()
      .reduce((sum, { length }) => sum + length, 0);
  }
}

function isSame(one: CodeMapping, other: CodeMapping): boolean {
  return one.start === other.start && one.end === other.end && one.offset === other.offset &&
    one.inode === other.inode && one.device === other.device && one.text === other.text;
}
