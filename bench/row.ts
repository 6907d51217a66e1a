import type { Rounds } from "./rounds.ts";

/** A number that is to be reached: `most` 1.5 times what C takes, `least` half of what C does. */
export type Reach = { readonly most: number } | { readonly least: number };

/** One line of a table. */
export interface Figure {
  /** What was measured: `execsnoop`, `64 B`. */
  readonly name: string;
  readonly unit: string;
  /** What each contestant took, round by round. */
  readonly rounds: Rounds;
  /** The headline, round by round: mostly ours as a part of C's. */
  readonly headline?: { readonly what: string; readonly values: readonly number[] };
  readonly reach?: Reach;
  /** Where on the horizontal axis of a plot it belongs. */
  readonly x?: number;
  /** What else was counted: losses. */
  readonly note?: string;
}

/** How much is measured. */
export interface Effort {
  /** Only shows that it works: the numbers mean nothing. */
  readonly quick: boolean;
  /** How many rounds there are. */
  readonly rounds: number;
  /** `full`, or the short form of it. */
  pick<T>(full: T, quick: T): T;
  /** To be called now and then: shows that it goes on. */
  progress(): void;
}

/** A row of the list of what is measured: a table of its own in docs/performance.md. */
export interface Row {
  /** `make bench ROW=ring`. */
  readonly name: string;
  readonly title: string;
  /** How it is measured, in a sentence or two. */
  readonly how: string;
  /** Axes of its plot, if it has one: a line for each contestant. */
  readonly plot?: { readonly x: string; readonly y: string; readonly logarithmic?: boolean };
  /** Why a reach is missed, and where the limit is: shown behind the table. */
  readonly remarks?: string;
  measure(effort: Effort): Promise<readonly Figure[]>;
}

/** What is kept of a row: build/bench/<name>.json. */
export interface Outcome extends Omit<Row, "measure"> {
  readonly quick: boolean;
  readonly date: string;
  readonly figures: readonly Figure[];
}
