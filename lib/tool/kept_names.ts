/** Letters of all names that are kept: some million functions of programs as they are. */
const MOST_LETTERS = 64 * 1024 * 1024;

/** What a function is called whose name there was no room for. */
const UNKNOWN = "[unknown]";

/** A name, and a short one for it. */
interface Known {
  readonly name: string;
  readonly id: number;
}

/**
 * The names of functions in stacks, each kept once, however many stacks it is in. Traced programs choose them, and
 * how many stacks they are in: a thousand letters in each of a hundred frames are more than a tool can keep.
 *
 * @example
 * ```ts
 * import { KeptNames } from "@denobpf/denobpf/tool/stacks";
 * import { assertEquals } from "@std/assert";
 *
 * const names = new KeptNames();
 * assertEquals(names.key(["main", "work"]), names.key(["main", "work"]));
 * ```
 */
export class KeptNames {
  readonly #most: number;
  #known = new Map<string, Known>();
  #letters = 0;

  /** @param most letters of all names together */
  constructor(most: number = MOST_LETTERS) {
    this.#most = most;
  }

  /** The names as they are kept: those that there is no room for are `[unknown]`. */
  kept(names: readonly string[]): readonly string[] {
    return names.map((name) => this.#find(name).name);
  }

  /** A short text that is the same for the same names alone. */
  key(names: readonly string[]): string {
    return names.map((name) => this.#find(name).id).join();
  }

  /** Forgets all names. */
  forget(): void {
    this.#known = new Map();
    this.#letters = 0;
  }

  #find(name: string): Known {
    const found = this.#known.get(name);
    if (found !== undefined) return found;
    if (this.#letters + name.length > this.#most && name !== UNKNOWN) return this.#find(UNKNOWN);
    const known = { name, id: this.#known.size };
    this.#known.set(name, known);
    this.#letters += name.length;
    return known;
  }
}
