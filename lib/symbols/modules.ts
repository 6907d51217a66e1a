/** The files whose code processes run, each read once however many processes run it. */
import { readLink } from "../sys/symlink.ts";
import { attempt } from "./attempt.ts";
import { Budget, BudgetError, LOOKED_FOR } from "./budget.ts";
import { ElfError } from "./elf_headers.ts";
import { LeastRecentlyUsed } from "./least_recently_used.ts";
import { CodeModule } from "./module.ts";
import { type CodeMapping, readCodeMappings } from "./process_maps.ts";
import { BytesSource, FileSource, readProcessMemory, type Source } from "./source.ts";

/** What a file costs that has no symbols to keep. */
const NOTHING = 1024;

/** The vDSO has two pages or so. */
const LARGEST_VDSO = 256 * 1024;

const NO_FILE = "it is of no file, and no perf map has it";

const VDSO = "[vdso]";
const DELETED = " (deleted)";
/** A newline, as the kernel writes it in /proc/PID/maps: seq_path(m, path, "\n") in fs/proc/task_mmu.c. */
const ESCAPED = "\\012";

/** A file that has no names, and why. */
export interface Refusal {
  readonly reason: string;
}

/** What is mapped somewhere. */
export interface Opened {
  /** As the process sees it. */
  readonly path: string;
  /** What {@link ModuleCache.known} knows it by. */
  readonly identity?: string;
  /** Why it is not known, for now. */
  readonly reason?: string;
}

export class ModuleCache {
  readonly #modules: LeastRecentlyUsed<string, CodeModule | Refusal>;

  /** @param budget bytes of memory that the symbols may take, about */
  constructor(budget: number) {
    this.#modules = new LeastRecentlyUsed(budget);
  }

  /** How many files are known at present. */
  get size(): number {
    return this.#modules.size;
  }

  /** The module with this identity, if it is still known. */
  known(identity: string): CodeModule | Refusal | undefined {
    return this.#modules.get(identity);
  }

  /** Reads the module that a mapping of a process is of, unless it is known. */
  open(pid: number, mapping: CodeMapping, budget: Budget): Opened {
    if (mapping.inode === 0n) return this.#openMemory(pid, mapping, budget);
    try {
      budget.take(LOOKED_FOR);
    } catch (error) {
      if (error instanceof BudgetError) return { path: mapping.text, reason: error.message };
      throw error;
    }
    const { path, file } = openMapped(pid, mapping);
    if (file === undefined) return { path, reason: "its file cannot be opened" };
    using source = file;
    return this.#read(source.status.identity, source, { pid, path, budget });
  }

  #openMemory(pid: number, mapping: CodeMapping, budget: Budget): Opened {
    const { text: path, start, end } = mapping;
    if (path !== VDSO) return { path, reason: NO_FILE };
    const bytes = attempt(() => vdsoOf(pid, mapping));
    if (bytes === undefined) return { path, reason: "the vDSO cannot be read" };
    // One for programs of 64 bits, which this is as well, and one for each of 32: a process can change its own.
    const identity = `vdso:${isWide(start) ? "" : pid}:${end - start}`;
    return this.#read(identity, new BytesSource(bytes), { pid, path, budget });
  }

  #read(
    identity: string,
    source: Source,
    { pid, path, budget }: { pid: number; path: string; budget: Budget },
  ): Opened {
    if (this.known(identity) !== undefined) return { path, identity };
    // What is read of a file is what it takes in memory, or more.
    const most = { most: this.#modules.budget, perSecond: 0 };
    const own = new Budget("its file", most, { above: budget });
    try {
      const module = new CodeModule(source, path, pid, own);
      this.#modules.add(identity, module, module.cost);
    } catch (error) {
      if (error instanceof BudgetError && error.budget !== own) {
        return { path, reason: error.message };
      }
      if (!(error instanceof BudgetError) && !(error instanceof ElfError)) throw error;
      const what = error instanceof ElfError ? "its file has no symbols: " : "";
      this.#modules.add(identity, { reason: what + error.message }, NOTHING);
    }
    return { path, identity };
  }
}

/** Whether an address is of a program of 64 bits, to which the kernel gives high ones. */
function isWide(address: number): boolean {
  return address > 2 ** 32;
}

/** The vDSO, of this process if it is the same: what another has, it may have written to. */
function vdsoOf(pid: number, { start, end }: CodeMapping): Uint8Array<ArrayBuffer> | undefined {
  const size = end - start;
  if (size > LARGEST_VDSO) return undefined;
  if (!isWide(start)) return readProcessMemory(pid, start, size);
  const own = readCodeMappings(Deno.pid).mappings
    .find(({ text, inode }) => text === VDSO && inode === 0n);
  if (own === undefined || own.end - own.start !== size) return undefined;
  return readProcessMemory(Deno.pid, own.start, size);
}

/**
 * Opens the very file that is mapped, if it can be had. map_files leads to it also when it has been deleted
 * or replaced, or lies in another mount namespace, but needs CAP_CHECKPOINT_RESTORE; without it there is only
 * the path, where something else may lie by now.
 */
function openMapped(pid: number, mapping: CodeMapping): { path: string; file?: FileSource } {
  const { start, end, text, inode } = mapping;
  const link = `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
  const file = attempt(() => FileSource.open(link));
  const names = namesIn(text, () => readLink(link));
  if (file !== undefined && names.length === 1) return { path: text, file };
  for (const path of names) {
    const found = attempt(() => FileSource.own(`/proc/${pid}/root`, path));
    if (found?.status.inode === inode && file === undefined) return { path, file: found };
    found?.[Symbol.dispose]();
    if (found?.status.inode === inode) return { path, file };
  }
  return { path: names.at(-1)!, file };
}

/**
 * What a file may be called that /proc/PID/maps names. Its text is not always clear: ` (deleted)` may be the
 * end of a name, and an escaped newline be part of one. What comes last is meant if none of them is there.
 * @param read gives the name without the escapes, if it may
 */
function namesIn(text: string, read: () => string | undefined): string[] {
  if (!text.includes(ESCAPED) && !text.endsWith(DELETED)) return [text];
  const link = read();
  const names = link === undefined ? [text, text.replaceAll(ESCAPED, "\n")] : [link];
  return [...names, ...names.map(withoutDeleted)];
}

function withoutDeleted(name: string): string {
  return name.endsWith(DELETED) ? name.slice(0, -DELETED.length) : name;
}
