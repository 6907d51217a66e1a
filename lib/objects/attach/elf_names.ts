/** Which functions and probes a file has, for errors alone: where it cannot be read, there are none. */
import { ElfFile } from "../../symbols/elf.ts";
import { ElfError } from "../../symbols/elf_headers.ts";
import { notesIn } from "../../symbols/notes.ts";
import { SystemError } from "../../sys/errno.ts";
import { textIn } from "../kernel_object.ts";

/** A note of a USDT probe, sys/sdt.h: three addresses, then provider, name and arguments as texts. */
const NT_STAPSDT = 3;
const ADDRESSES = 3 * 8;

/** The functions that a file defines, those of a stripped one by its dynamic symbols. */
export function functionNames(path: string): string[] {
  return read(path, (file) => file.functions().map(({ name }) => name));
}

/** The USDT probes in a file, as `provider:name`. */
export function probeNames(path: string): string[] {
  return read(path, (file) => {
    const section = file.section(".note.stapsdt");
    return section === undefined ? [] : probesIn(file.bytesOf(section));
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

function probesIn(notes: Uint8Array<ArrayBuffer>): string[] {
  return [...notesIn(notes, 4)].filter(({ type }) => type === NT_STAPSDT).map(({ description }) => {
    const provider = textIn(description.subarray(ADDRESSES));
    const name = textIn(description.subarray(ADDRESSES + provider.length + 1));
    return `${provider}:${name}`;
  });
}
