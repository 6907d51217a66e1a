/**
 * Files of debug symbols that distributions keep apart from the programs: by build id, or by the name in
 * `.gnu_debuglink`, as GDB looks for them ("Debugging Information in Separate Files" in its manual).
 */
import { attempt } from "./attempt.ts";
import { type Budget, LIMITS, SORTED } from "./budget.ts";
import { ElfFile } from "./elf.ts";
import { LeastRecentlyUsed } from "./least_recently_used.ts";
import { BudgetedSource, FileSource } from "./source.ts";
import type { SymbolTable } from "./symbol_table.ts";

const CHUNK = 1024 * 1024;

/** Checksums of files by their identity. */
const sums = new LeastRecentlyUsed<string, number>(1024);

/**
 * The symbols of a stripped file, if they are in another one of the same build: below the process's own
 * root, where no link of a user leads to another's file, or on this host where root alone can have put it.
 * @param path where the stripped file is
 * @throws {BudgetError}
 */
export function debugSymbols(
  file: ElfFile,
  path: string,
  pid: number,
  budget: Budget,
): SymbolTable | undefined {
  const open = [
    (place: string) => FileSource.own(`/proc/${pid}/root`, place),
    (place: string) => FileSource.ofRoot(place),
  ];
  for (const place of placesOf(file, path)) {
    for (const from of open) {
      const found = attempt(() => {
        using source = from(place);
        return symbolsIn(source, file, budget);
      });
      if (found !== undefined) return found.symbols;
    }
  }
}

function placesOf({ buildId, debugLink }: ElfFile, path: string): string[] {
  const places: string[] = [];
  if (buildId !== undefined) places.push(buildIdPath(buildId));
  // The name is a file's name: the link of a hostile file may not lead elsewhere.
  if (debugLink !== undefined && !debugLink.name.includes("/")) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    for (const place of [folder, `${folder}/.debug`, `/usr/lib/debug${folder}`]) {
      places.push(`${place}/${debugLink.name}`);
    }
  }
  return places;
}

/** Where the symbols of a build are: `/usr/lib/debug/.build-id/ab/cdef.debug`. */
function buildIdPath(buildId: string): string {
  return `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
}

/**
 * The symbols in a file, if it is of the build of `file`. Without build ids a checksum decides, for which all of
 * it is read: the first file that has symbols is the only one that is tried.
 */
function symbolsIn(
  source: FileSource,
  file: ElfFile,
  budget: Budget,
): { symbols: SymbolTable | undefined } | undefined {
  const found = new ElfFile(new BudgetedSource(source, budget));
  if (found.buildId !== file.buildId || found.section(".symtab") === undefined) return undefined;
  const isSame = file.buildId !== undefined || hasSum(source, file.debugLink!.crc, budget);
  return { symbols: isSame ? symbolsOf(found, budget) : undefined };
}

/**
 * A file's symbols, sorted.
 * @throws {BudgetError} before anything is read, if it would be too much
 */
export function symbolsOf(file: ElfFile, budget: Budget): SymbolTable {
  const { count, bytes } = file.symbolSize;
  budget.check(SORTED * count + bytes);
  budget.take(SORTED * count);
  return file.symbols;
}

function hasSum(source: FileSource, crc: number, budget: Budget): boolean {
  if (source.size > LIMITS.summedBytes) return false;
  const { identity } = source.status;
  let sum = sums.get(identity);
  if (sum === undefined) {
    budget.take(source.size);
    sum = 0;
    for (let at = 0; at < source.size; at += CHUNK) sum = crc32(source.read(at, CHUNK), sum);
    sums.add(identity, sum, 1);
  }
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
  for (let at = 0; at < bytes.length; at++) sum = table[(sum ^ bytes[at]) & 0xff] ^ (sum >>> 8);
  return ~sum >>> 0;
}
