/** Which functions and probes a file has, for errors alone: where it cannot be read, there are none. */
import { ElfError, ElfFile } from "../../symbols/elf.ts";
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

/** Notes: the sizes of name and description, a kind, and these two, each filled up to 4 bytes. */
function probesIn(notes: Uint8Array<ArrayBuffer>): string[] {
  const view = new DataView(notes.buffer, notes.byteOffset, notes.length);
  const found: string[] = [];
  for (let at = 0; at + 12 <= notes.length;) {
    const description = at + 12 + aligned(view.getUint32(at, true));
    const end = description + aligned(view.getUint32(at + 4, true));
    if (view.getUint32(at + 8, true) === NT_STAPSDT && end <= notes.length) {
      const provider = textIn(notes.subarray(description + ADDRESSES, end));
      const name = textIn(notes.subarray(description + ADDRESSES + provider.length + 1, end));
      found.push(`${provider}:${name}`);
    }
    at = end;
  }
  return found;
}

function aligned(size: number): number {
  return Math.ceil(size / 4) * 4;
}
