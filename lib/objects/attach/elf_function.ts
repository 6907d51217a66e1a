/**
 * Finds a function of a program or a library by its name. libbpf's own search knows no versions before 1.5,
 * takes two versions at one address for two functions, and the resolver of an IFUNC for the function.
 */
import { ElfFile } from "../../symbols/elf.ts";
import { ElfError } from "../../symbols/elf_headers.ts";
import { EEXIST, EINVAL, ENOENT, EOPNOTSUPP, SystemError } from "../../sys/errno.ts";
import { BpfError } from "../errors.ts";
import { type FunctionSymbol, functionSymbols } from "./elf_symbols.ts";
import { missingName } from "./missing_targets.ts";

/** Where a function is. */
export interface Place {
  /** Of its first instruction, in bytes from the start of the file. */
  readonly offset: number;
  /** Bytes of code; 0 where the file does not say. */
  readonly size: number;
}

/** This many names are listed of what a name could mean. */
const MOST_TOLD = 8;

/**
 * The place of a function, of its default version unless the name says which: `memcpy@GLIBC_2.2.5`.
 * @returns undefined where the file cannot be read: libbpf may know how
 * @throws {BpfError} if there is no such function, or none that a uprobe can be put on
 */
export function findFunction(path: string, target: string, operation: string): Place | undefined {
  try {
    using file = ElfFile.open(path);
    return functionIn(file, path, target, operation);
  } catch (error) {
    if (error instanceof SystemError || error instanceof ElfError) return undefined;
    throw error;
  }
}

/**
 * The same in a file that is open.
 * @param path what it is called in errors
 * @throws {BpfError} if there is no such function, or none that a uprobe can be put on; {ElfError}
 */
export function functionIn(
  file: ElfFile,
  path: string,
  target: string,
  operation: string,
): Place {
  const { address, size } = chosen(file, path, target, operation);
  const offset = file.fileOffsetOf(address);
  if (offset !== undefined) return { offset, size };
  const reason = `${target} is not among the bytes of ${path}: it has symbols alone`;
  throw new BpfError(operation, ENOENT, undefined, reason);
}

/**
 * Checks that a place lies within its function.
 * @throws {BpfError} if it does not: it would be in another
 */
export function checkWithin({ size }: Place, offset: number, target: string, operation: string) {
  if (size === 0 || offset < size) return;
  const reason = `${target} has ${size} bytes, and ${offset} lies beyond it`;
  throw new BpfError(operation, EINVAL, undefined, reason);
}

function chosen(
  file: ElfFile,
  path: string,
  target: string,
  operation: string,
): FunctionSymbol {
  const [, name, version] = /^(.+?)(?:@@?(.*))?$/s.exec(target) ?? [, target];
  const all = functionSymbols(file, name!);
  const defined = all.filter((symbol) => symbol.defined);
  const error = (errno: number, reason: string, hint?: string) =>
    new BpfError(operation, errno, hint, reason);
  if (defined.length === 0 && all.length > 0) {
    const reason = `${path} has no function ${name} of its own: it imports it`;
    throw error(ENOENT, reason, `name the library that has it: ldd ${path} lists them`);
  }
  if (defined.length === 0) {
    const names = file.functions().map((known) => known.name);
    // A name of this file's own that its tables have and no function stands for: data.
    throw missingName(path, "function", names, target, operation) ??
      error(ENOENT, `${path} has no function ${target}`);
  }
  const fitting = version === undefined
    ? preferred(defined)
    : defined.filter((symbol) => symbol.version === version);
  if (fitting.length === 0) {
    throw error(ENOENT, `${path} has no ${name} of version ${version}`, versionsHint(defined));
  }
  const direct = fitting.filter((symbol) => !symbol.isIndirect);
  if (direct.length === 0) {
    const reason =
      `${target} of ${path} is chosen when a program starts (IFUNC): it is no function itself`;
    throw error(EOPNOTSUPP, reason, candidatesHint(file, name!, defined));
  }
  if (new Set(direct.map(({ address }) => address)).size === 1) return direct[0];
  const places = direct.map(({ address }) => `0x${(file.fileOffsetOf(address) ?? 0).toString(16)}`);
  const hint = versionsHint(direct) ??
    `give its place in the file instead: ${places.slice(0, MOST_TOLD).join(", ")}`;
  throw error(EEXIST, `${path} has ${places.length} functions ${name}`, hint);
}

/** Those that are meant if no version is named: default versions, then what others can see of the file. */
function preferred(symbols: readonly FunctionSymbol[]): FunctionSymbol[] {
  const defaults = symbols.filter(({ isDefault }) => isDefault);
  const among = defaults.length > 0 ? defaults : symbols;
  const rank = Math.max(...among.map((symbol) => symbol.rank));
  return among.filter((symbol) => symbol.rank === rank);
}

function versionsHint(symbols: readonly FunctionSymbol[]): string | undefined {
  const versions = [...new Set(symbols.flatMap(({ version }) => version ?? []))];
  return versions.length === 0 ? undefined : `it has the versions ${versions.join(", ")}`;
}

/** The functions that an IFUNC chooses from are named after it, in glibc: `__strlen_avx2`. */
function candidatesHint(
  file: ElfFile,
  name: string,
  symbols: readonly FunctionSymbol[],
): string {
  const old = symbols.find(({ isIndirect, version }) => !isIndirect && version !== undefined);
  const names = [...new Set(file.functions().map((known) => known.name))]
    .filter((known) => known.startsWith(`__${name}_`) && !known.endsWith("_chk"));
  if (names.length > 0) {
    return `attach to those that it is chosen from: ${names.slice(0, MOST_TOLD).join(", ")}`;
  }
  const other = old === undefined ? "" : `; programs of old use ${name}@${old.version}`;
  return "the file's symbols do not have those that it is chosen from: find their places in it with a " +
    `debugger, and give such a place instead of a name${other}`;
}
