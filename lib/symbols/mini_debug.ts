/**
 * `.gnu_debugdata`: a small ELF file with the names of static functions, compressed with xz, that Fedora
 * and its relatives leave in stripped files ("MiniDebugInfo" in GDB's manual).
 */
import { findLibrary, symbolGroup } from "../sys/library.ts";
import { attempt } from "./attempt.ts";
import type { Budget } from "./budget.ts";
import { ElfFile } from "./elf.ts";
import { BytesSource } from "./source.ts";

/** More than the names of any program take. */
const LARGEST = 64 * 1024 * 1024;
const DECODER_MEMORY = 128n * 1024n * 1024n;
/** The room that is tried first, at least. */
const SMALLEST = 64 * 1024;

/** `lzma_ret` of lzma/base.h; the second says that input or room has come to its end too early. */
const LZMA_OK = 0;
const LZMA_BUF_ERROR = 10;

let path: string | undefined | null = null;

/** liblzma, which systemd and dpkg or rpm bring along; undefined where it is missing. */
function library(): string | undefined {
  if (path === null) path = findLibrary(["liblzma.so.5"]);
  return path;
}

const lzma = symbolGroup(() => library()!, {
  // lzma_ret lzma_stream_buffer_decode(uint64_t *memlimit, uint32_t flags, const lzma_allocator *allocator,
  //                                    const uint8_t *in, size_t *in_pos, size_t in_size,
  //                                    uint8_t *out, size_t *out_pos, size_t out_size)
  // FFI: everything is the caller's; what the decoder allocates it frees
  lzma_stream_buffer_decode: {
    parameters: [
      "buffer",
      "u32",
      "pointer",
      "buffer",
      "buffer",
      "usize",
      "buffer",
      "buffer",
      "usize",
    ],
    result: "u32",
  },
});

/**
 * The file within a file's `.gnu_debugdata`; undefined if it has none, or none that can be read.
 * @throws {BudgetError}
 */
export function miniDebugFile(file: ElfFile, budget: Budget): ElfFile | undefined {
  const section = file.section(".gnu_debugdata");
  if (section === undefined || library() === undefined) return undefined;
  const bytes = decompress(file.bytesOf(section), budget);
  return bytes && attempt(() => new ElfFile(new BytesSource(bytes)));
}

/**
 * Decompresses bytes that say at their end alone how many they become: tries with more and more room, as
 * long as room is what is missing. Bytes of no xz file, none at all among them, are refused at the first try.
 */
function decompress(
  bytes: Uint8Array<ArrayBuffer>,
  budget: Budget,
): Uint8Array<ArrayBuffer> | undefined {
  for (let room = Math.max(SMALLEST, 8 * bytes.length); room <= LARGEST; room *= 4) {
    budget.take(room);
    const output = new Uint8Array(room);
    const { result, size } = decode(bytes, output);
    if (result === LZMA_OK) return output.slice(0, size);
    if (result !== LZMA_BUF_ERROR) return undefined;
  }
}

/** Decompresses into `output`, as far as it has room. */
function decode(
  bytes: Uint8Array<ArrayBuffer>,
  output: Uint8Array<ArrayBuffer>,
): { result: number; size: number } {
  const memory = new BigUint64Array([DECODER_MEMORY]);
  const [read, written] = [new BigUint64Array(1), new BigUint64Array(1)];
  const result = lzma().lzma_stream_buffer_decode(
    new Uint8Array(memory.buffer),
    0,
    null,
    bytes,
    new Uint8Array(read.buffer),
    BigInt(bytes.length),
    output,
    new Uint8Array(written.buffer),
    BigInt(output.length),
  );
  return { result, size: Number(written[0]) };
}
