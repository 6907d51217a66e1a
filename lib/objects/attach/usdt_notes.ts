/** The notes of USDT probes in an ELF file: sys/sdt.h of SystemTap. */
import type { ElfFile } from "../../symbols/elf.ts";
import { ElfError } from "../../symbols/elf_headers.ts";
import { notesIn } from "../../symbols/notes.ts";
import { textIn } from "../kernel_object.ts";

const NT_STAPSDT = 3;
/** The addresses of the probe, of the section `.stapsdt.base` as the linker had it, and of the semaphore. */
const ADDRESSES = 3 * 8;

/** 200,000 probes; programs have some hundreds. */
const LARGEST = 16 * 1024 * 1024;

/**
 * What the notes of a file say of its probes: three addresses, then {@link usdtTexts}.
 * @throws {ElfError} if they are corrupt
 */
export function* usdtNotes(file: ElfFile): Generator<Uint8Array<ArrayBuffer>, void, void> {
  const section = file.section(".note.stapsdt");
  if (section === undefined) return;
  if (section.size > LARGEST) throw new ElfError(`its ${section.name} is too big`);
  for (const { type, description } of notesIn(file.bytesOf(section), 4)) {
    if (type === NT_STAPSDT && description.length > ADDRESSES) yield description;
  }
}

/** The texts of a note. */
export function usdtTexts(
  note: Uint8Array<ArrayBuffer>,
): [provider: string, name: string, form: string] {
  const behind = (at: number) => {
    const end = note.indexOf(0, at);
    return end < 0 ? note.length : end + 1;
  };
  const name = behind(ADDRESSES);
  const starts = [ADDRESSES, name, behind(name)] as const;
  const [provider, own, form] = starts.map((at) => textIn(note.subarray(at)));
  return [provider, own, form];
}
