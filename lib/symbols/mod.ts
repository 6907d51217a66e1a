/**
 * Names for addresses: the functions of the kernel, of programs and libraries, and of what JITs make.
 * It knows ELF files and /proc, and nothing of BPF.
 * @module
 */
export { demangle } from "./demangle.ts";
export { type DebugLink, ElfFile, type ElfFunction } from "./elf.ts";
export { ElfError, type ElfSection, type ElfSegment } from "./elf_headers.ts";
export type { Frame } from "./frame.ts";
export { type KernelSymbol, KernelSymbols } from "./kallsyms.ts";
export type { Source } from "./source.ts";
export type { RawTable, SymbolTable, TableEntry } from "./symbol_table.ts";
export { Symbolizer, type SymbolizerOptions } from "./symbolizer.ts";
