/** Which functions and probes a file has, for errors alone: where it cannot be read, there are none. */
import { ElfFile } from "../../symbols/elf.ts";
import { ElfError } from "../../symbols/elf_headers.ts";
import { SystemError } from "../../sys/errno.ts";
import { usdtNotes, usdtTexts } from "./usdt_notes.ts";

/** The functions that a file defines, those of a stripped one by its dynamic symbols. */
export function functionNames(path: string): string[] {
  return read(path, (file) => file.functions().map(({ name }) => name));
}

/** The USDT probes in a file, as `provider:name`. */
export function probeNames(path: string): string[] {
  return read(path, (file) => {
    return Array.from(usdtNotes(file), (note) => usdtTexts(note).slice(0, 2).join(":"));
  });
}

function read(path: string, find: (file: ElfFile) => string[]): string[] {
  try {
    using file = ElfFile.open(path);
    return find(file);
  } catch (error) {
    if (error instanceof SystemError || error instanceof ElfError) return [];
    throw error;
  }
}
