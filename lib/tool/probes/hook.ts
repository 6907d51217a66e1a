import type { ProbedFile } from "./probed_file.ts";

/** Something that a program can be attached to, by the names that people know it by. */
export interface Hook {
  /** All its names: several functions of a file may be at one address. */
  readonly names: readonly string[];
  /** The module of the kernel, or the file as processes know it; undefined for the kernel itself. */
  readonly owner: string | undefined;
  /** That file; undefined for what is of the kernel. */
  readonly file?: ProbedFile;
  /** Bytes behind the beginning of a function of the kernel, if not there. */
  readonly offset?: number;
  /** Where it is: a USDT probe may be at several places. */
  readonly places: readonly Place[];
}

/** Where a program is attached. */
export interface Place {
  /** The address of a function of the kernel; of others bytes from the start of the file. */
  readonly at: bigint;
  /** Bytes from the start of the file to the counter that the kernel raises while a USDT probe is watched. */
  readonly semaphore?: number;
  /** Where a USDT probe has its arguments there, in the words of its note. */
  readonly arguments?: string;
}

/** The hooks that a pattern means. */
export interface Hooks {
  readonly hooks: readonly Hook[];
  /** Names that the pattern means, too, and that cannot be hooks, each with the reason. */
  readonly refused: readonly Refusal[];
}

/** A name that no program can be attached to. */
export interface Refusal {
  readonly name: string;
  readonly reason: string;
}
