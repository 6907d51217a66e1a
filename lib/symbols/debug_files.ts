/**
 * Files of debug symbols that distributions keep apart from the programs: by build id, or by the name in
 * `.gnu_debuglink`, as GDB looks for them ("Debugging Information in Separate Files" in its manual).
 */
import { ElfFile } from "./elf.ts";
import { ElfError } from "./elf_headers.ts";
import { SystemError } from "../sys/errno.ts";
import { FileSource } from "./source.ts";

/** Bigger files are not read from end to end for a checksum. */
const LARGEST_SUMMED = 256 * 1024 * 1024;
const CHUNK = 1024 * 1024;

/**
 * Opens the file with the symbols of a stripped file, if there is one and it is of the same build.
 * @param path where the stripped file is, below each of the roots
 * @param roots where to look: `/proc/PID/root` for what the process has itself, `` for this host
 */
export function openDebugFile(
  file: ElfFile,
  path: string,
  roots: readonly string[],
): ElfFile | undefined {
  for (const candidate of roots.flatMap((root) => candidates(file, path, root))) {
    const found = openMatching(candidate, file);
    if (found !== undefined) return found;
  }
}

function candidates({ buildId, debugLink }: ElfFile, path: string, root: string): string[] {
  const found: string[] = [];
  if (buildId !== undefined) found.push(`${root}${buildIdPath(buildId)}`);
  // The name is a file's name: the link of a hostile file may not lead elsewhere.
  if (debugLink !== undefined && !debugLink.name.includes("/")) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    for (const place of [folder, `${folder}/.debug`, `/usr/lib/debug${folder}`]) {
      found.push(`${root}${place}/${debugLink.name}`);
    }
  }
  return found;
}

/** Where the symbols of a build are: `/usr/lib/debug/.build-id/ab/cdef.debug`. */
function buildIdPath(buildId: string): string {
  return `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
}

/** Opens the file at `path` if it is there, and of the build of `file`. */
function openMatching(path: string, file: ElfFile): ElfFile | undefined {
  try {
    if (file.buildId === undefined && !hasSum(path, file.debugLink!.crc)) return undefined;
    const found = ElfFile.open(path);
    if (found.buildId === file.buildId) return found;
    found[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof SystemError) && !(error instanceof ElfError)) throw error;
  }
}

function hasSum(path: string, crc: number): boolean {
  using source = FileSource.open(path);
  if (source.size > LARGEST_SUMMED) return false;
  let sum = 0;
  for (let at = 0; at < source.size; at += CHUNK) sum = crc32(source.read(at, CHUNK), sum);
  return sum === crc;
}

/** The polynomial of ISO 3309, which zlib, gzip and `.gnu_debuglink` use. */
const POLYNOMIAL = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ POLYNOMIAL : byte >>> 1;
  return byte;
});

/** The CRC-32 of `bytes`, or of what `before` is the sum of and `bytes` after that. */
function crc32(bytes: Uint8Array, before: number): number {
  let sum = ~before;
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return ~sum >>> 0;
}
