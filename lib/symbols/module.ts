/** The code of one file that processes run: its symbols, from wherever they can be had. */
import { openDebugFile } from "./debug_files.ts";
import { ElfFile } from "./elf.ts";
import { miniDebugFile } from "./mini_debug.ts";
import type { Source } from "./source.ts";
import type { SymbolTable, TableEntry } from "./symbol_table.ts";

/** Bytes that a module takes for itself, about. */
const OVERHEAD = 1024;

/** What is known of a file that is mapped; it is closed again, only the symbols are kept. */
export class CodeModule {
  readonly buildId: string | undefined;
  readonly #file: Pick<ElfFile, "addressOf">;
  /** In the order in which they are asked. */
  readonly #tables: readonly SymbolTable[];

  /**
   * Reads the file's symbols; where it has been stripped, those that were left or kept elsewhere too.
   * @param path as the process sees it
   * @param roots where files of debug symbols may be
   * @throws {ElfError}
   */
  constructor(source: Source, path: string, roots: readonly string[]) {
    const file = new ElfFile(source);
    this.buildId = file.buildId;
    this.#file = file;
    this.#tables = [...separateSymbols(file, path, roots), file.symbols];
  }

  /** Bytes of memory that it takes, about. */
  get cost(): number {
    return OVERHEAD + this.#tables.reduce((sum, table) => sum + table.cost, 0);
  }

  /** The address in the file of what is at `fileOffset` of it. */
  addressOf(fileOffset: number): number | undefined {
    return this.#file.addressOf(fileOffset);
  }

  /** The function at an address of the file. */
  lookup(address: number): TableEntry | undefined {
    for (const table of this.#tables) {
      const found = table.lookup(address);
      if (found !== undefined) return found;
    }
  }
}

/** The symbols of a file that has no `.symtab` itself. */
function separateSymbols(file: ElfFile, path: string, roots: readonly string[]): SymbolTable[] {
  if (file.section(".symtab") !== undefined) return [];
  using debug = openDebugFile(file, path, roots);
  if (debug !== undefined) return [debug.symbols];
  const mini = miniDebugFile(file);
  return mini === undefined ? [] : [mini.symbols];
}
