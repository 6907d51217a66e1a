import { BpfError } from "../../objects/errors.ts";
import { Budget, BudgetError, LOOKUPS } from "../../symbols/budget.ts";
import { ElfFile } from "../../symbols/elf.ts";
import { ElfError } from "../../symbols/elf_headers.ts";
import { BudgetedSource, FileSource } from "../../symbols/source.ts";
import { ESTALE, SystemError } from "../../sys/errno.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";

/** Where a program or a library is. */
export interface FilePlace {
  /** As processes know it. */
  readonly name: string;
  /** How it is opened from here. */
  readonly path: string;
  /** The root of a process that the path begins at, and that no link leads out of: `/proc/PID/root`. */
  readonly root?: string;
}

/** What may be read to look up functions and probes in all files of a tool. */
export function lookupBudget(): Budget {
  return new Budget("everything that is looked into", LOOKUPS.all);
}

/**
 * A program or a library that functions and probes are looked up in, and that programs are attached to. Between
 * these two its owner can put another file in its place, and a breakpoint at a place that was found in the first
 * one would break an instruction of the second, of all processes that run it. So it is opened each time, and has
 * to be the same file.
 */
export class ProbedFile {
  /** As processes know it. */
  readonly name: string;
  /** How it is opened from here; the same for no other file. */
  readonly path: string;
  readonly #place: FilePlace;
  readonly #budget: Budget;
  #identity: string | undefined;

  /** @param above pays for what is read of it, as it does for other files */
  constructor(place: FilePlace, above: Budget = lookupBudget()) {
    this.#place = place;
    this.#budget = new Budget("its file", LOOKUPS.file, { above });
    this.name = place.name;
    this.path = `${place.root ?? ""}${place.path}`;
  }

  /**
   * Which file it is, also where it has other names.
   * @throws {SystemError} if there is none; {BpfError} if it has been replaced
   */
  get id(): string {
    using source = this.#open();
    return source.status.file;
  }

  /** The same; undefined if there is none, or it has been replaced. */
  get idIfThere(): string | undefined {
    try {
      return this.id;
    } catch (error) {
      if (error instanceof SystemError || error instanceof BpfError) return undefined;
      throw error;
    }
  }

  /**
   * Reads the file.
   * @param look is given what pays for work that is not reading
   * @throws {ExitError} (65) if it is no program and no library, or takes too much; {SystemError} if there is
   *   none; {BpfError} if it has been replaced
   */
  lookInto<T>(look: (elf: ElfFile, budget: Budget) => T): T {
    try {
      using source = this.#open();
      return look(new ElfFile(new BudgetedSource(source, this.#budget)), this.#budget);
    } catch (cause) {
      if (!(cause instanceof ElfError) && !(cause instanceof BudgetError)) throw cause;
      throw new ExitError(ExitCode.Data, `Cannot read ${this.name}: ${cause.message}`, { cause });
    }
  }

  /**
   * Attaches something to the file that was looked into.
   * @param attach is given a path that leads to this file, whatever lies at its own path by now
   * @throws {SystemError} if there is none; {BpfError} if it has been replaced
   */
  attach<T>(attach: (path: string) => T): T {
    using source = this.#open();
    try {
      return attach(source.path);
    } catch (error) {
      if (error instanceof BpfError) {
        error.message = error.message.replaceAll(source.path, this.name);
      }
      throw error;
    }
  }

  #open(): FileSource {
    const { path, root } = this.#place;
    const source = root === undefined ? FileSource.open(path) : FileSource.below(root, path);
    const { identity } = source.status;
    this.#identity ??= identity;
    if (identity === this.#identity) return source;
    source[Symbol.dispose]();
    const reason = "it has been changed or replaced since it was read";
    throw new BpfError(`attach to ${this.name}`, ESTALE, undefined, reason);
  }
}
