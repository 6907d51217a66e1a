/** Notes of ELF files: elf(5), `Elf64_Nhdr` of include/uapi/linux/elf.h, the same in files of 32 bits. */
import { decodeText } from "../sys/text.ts";

/** A note: who it is of, and what of theirs it is. */
interface Note {
  readonly name: string;
  readonly type: number;
  readonly description: Uint8Array<ArrayBuffer>;
}

const HEAD = 12;
const LONGEST_NAME = 16;

/**
 * The notes in these bytes, as far as they are whole: sizes of name and description and a type, then these
 * two, each filled up.
 * @param alignment to this many bytes
 */
export function* notesIn(
  bytes: Uint8Array<ArrayBuffer>,
  alignment: number,
): Generator<Note, void, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const padded = (size: number) => Math.ceil(size / alignment) * alignment;
  for (let at = 0; at + HEAD <= bytes.length;) {
    const [nameSize, size, type] = [0, 4, 8].map((field) => view.getUint32(at + field, true));
    const start = at + padded(HEAD + nameSize);
    if (start + size > bytes.length) return;
    const nameEnd = at + HEAD + Math.min(nameSize, LONGEST_NAME);
    const name = decodeText(bytes, at + HEAD, nameEnd);
    yield { name, type, description: bytes.subarray(start, start + size) };
    at = start + padded(size);
  }
}
