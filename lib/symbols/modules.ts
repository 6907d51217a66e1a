/** The files whose code processes run, each read once however many processes run it. */
import { SystemError } from "../sys/errno.ts";
import { ElfError } from "./elf_headers.ts";
import { LeastRecentlyUsed } from "./least_recently_used.ts";
import { CodeModule } from "./module.ts";
import type { CodeMapping } from "./process_maps.ts";
import { BytesSource, FileSource, readProcessMemory, type Source } from "./source.ts";

/** What a file costs that has no symbols to keep. */
const NOTHING = 1024;

/** The vDSO has two pages or so. */
const LARGEST_VDSO = 256 * 1024;

export class ModuleCache {
  readonly #modules: LeastRecentlyUsed<string, CodeModule | null>;

  /** @param budget bytes of memory that the symbols may take, about */
  constructor(budget: number) {
    this.#modules = new LeastRecentlyUsed(budget);
  }

  /** How many files are known at present. */
  get size(): number {
    return this.#modules.size;
  }

  /** The module with this {@link identify identity}, if it is still known; null if it has no code. */
  known(identity: string): CodeModule | null | undefined {
    return this.#modules.get(identity);
  }

  /**
   * The module that a mapping of a process is of, and what identifies it from now on.
   * @returns undefined if the file cannot be had
   */
  open(pid: number, mapping: CodeMapping): { identity: string } | undefined {
    if (mapping.path === "[vdso]") return this.#openVdso(pid, mapping);
    if (mapping.inode === 0n) return undefined;
    using file = openMapped(pid, mapping);
    if (file === undefined) return undefined;
    const { identity } = file.status;
    if (this.known(identity) === undefined) this.#read(identity, file, pid, mapping.path);
    return { identity };
  }

  #openVdso(pid: number, { start, end }: CodeMapping): { identity: string } | undefined {
    const size = end - start;
    // One for programs of 64 bits and one for those of 32.
    const identity = `vdso:${size}:${start > 2 ** 32}`;
    if (this.known(identity) !== undefined) return { identity };
    if (size > LARGEST_VDSO) return undefined;
    const bytes = attempt(() => readProcessMemory(pid, start, size));
    if (bytes === undefined) return undefined;
    this.#read(identity, new BytesSource(bytes), pid, "[vdso]");
    return { identity };
  }

  #read(identity: string, source: Source, pid: number, path: string): void {
    const module = attempt(() => new CodeModule(source, path, [`/proc/${pid}/root`, ""]));
    this.#modules.add(identity, module ?? null, module?.cost ?? NOTHING);
  }
}

/**
 * Opens the very file that is mapped. map_files leads to it also when it has been deleted or replaced, or
 * lies in another mount namespace, but needs CAP_CHECKPOINT_RESTORE; without it there is only the path,
 * where something else may lie by now.
 */
function openMapped(pid: number, mapping: CodeMapping): FileSource | undefined {
  const { start, end, path, inode } = mapping;
  const range = `${start.toString(16)}-${end.toString(16)}`;
  const mapped = attempt(() => FileSource.open(`/proc/${pid}/map_files/${range}`));
  if (mapped !== undefined) return mapped;
  const found = attempt(() => FileSource.open(`/proc/${pid}/root${path}`));
  if (found === undefined || found.status.inode === inode) return found;
  found[Symbol.dispose]();
}

/** What `work` gives, or undefined where the host or a file will not have it. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof SystemError || error instanceof ElfError) return undefined;
    throw error;
  }
}
