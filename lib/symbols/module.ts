/** The code of one file that processes run: its symbols, from wherever they can be had. */
import { attempt } from "./attempt.ts";
import { type Budget, BudgetError } from "./budget.ts";
import { debugSymbols, symbolsOf } from "./debug_files.ts";
import { ElfFile } from "./elf.ts";
import { addressIn, type ElfSegment } from "./elf_headers.ts";
import { miniDebugFile } from "./mini_debug.ts";
import { BudgetedSource, type Source } from "./source.ts";
import type { SymbolTable, TableEntry } from "./symbol_table.ts";

/** Bytes that a module takes for itself, and for each of its segments, about. */
const OVERHEAD = 1024;
const SEGMENT = 100;

/** What is known of a file that is mapped; it is closed again, only the symbols are kept. */
export class CodeModule {
  readonly buildId: string | undefined;
  readonly #loaded: readonly ElfSegment[];
  /** In the order in which they are asked. */
  readonly #tables: readonly SymbolTable[];
  #obstacle: string | undefined;

  /**
   * Reads the file's symbols; where it has been stripped, those that were left or kept elsewhere too.
   * @param path as the process sees it
   * @param pid a process that has mapped it
   * @param budget what may be read for this file; where it does not reach for a table, the others are read
   * @throws {ElfError}
   * @throws {BudgetError} of a budget above this file's
   */
  constructor(source: Source, path: string, pid: number, budget: Budget) {
    const file = new ElfFile(new BudgetedSource(source, budget));
    this.buildId = file.buildId;
    this.#loaded = file.loaded;
    const within = <T>(read: () => T) => this.#within(budget, read);
    const hasAll = file.section(".symtab") !== undefined;
    const separate = hasAll ? undefined : within(() => debugSymbols(file, path, pid, budget)) ??
      within(() => miniSymbols(file, budget));
    const own = within(() => symbolsOf(file, budget));
    this.#tables = [separate, own].filter((table) => table !== undefined);
  }

  /** Bytes of memory that it takes, about. */
  get cost(): number {
    return OVERHEAD + SEGMENT * this.#loaded.length +
      this.#tables.reduce((sum, table) => sum + table.cost, 0);
  }

  /** Why not all of its symbols were read; undefined if they were. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** The address in the file of what is at `fileOffset` of it. */
  addressOf(fileOffset: number): number | undefined {
    return addressIn(this.#loaded, fileOffset);
  }

  /** The function at an address of the file. */
  lookup(address: number): TableEntry | undefined {
    for (const table of this.#tables) {
      const found = table.lookup(address);
      if (found !== undefined) return found;
    }
  }

  /** What `read` gives, or undefined if that takes more than the file may have. */
  #within<T>(budget: Budget, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BudgetError) || error.budget !== budget) throw error;
      this.#obstacle = error.message;
    }
  }
}

function miniSymbols(file: ElfFile, budget: Budget): SymbolTable | undefined {
  const mini = miniDebugFile(file, budget);
  return mini && attempt(() => symbolsOf(mini, budget));
}
