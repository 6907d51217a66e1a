/** Names for addresses, of the kernel and of processes. */
import { Budgets } from "./budget.ts";
import type { Frame } from "./frame.ts";
import { KernelSymbols } from "./kallsyms.ts";
import { LeastRecentlyUsed } from "./least_recently_used.ts";
import { ModuleCache } from "./modules.ts";
import { ProcessSymbols } from "./process.ts";

/** How much a symbolizer may keep. */
export interface SymbolizerOptions {
  /** Bytes of memory that symbols and mappings may take, about; 256 MiB by default. */
  readonly memory?: number;
  /** Processes whose mappings are kept; 1024 by default. */
  readonly processes?: number;
}

/** On x86-64 and arm64 the kernel has the upper half of the addresses. */
const KERNEL_START = 1n << 63n;

const MIB = 1024 * 1024;

/** How much of the memory is for files; the rest is for mappings, and for what JITs wrote. */
const FILES_SHARE = 3 / 4;

/**
 * Finds which functions addresses are in.
 *
 * Files are read as they are needed and kept by identity, within the bounds of {@link SymbolizerOptions}.
 * A process is looked at anew when it has executed another program, when an address lies in nothing that
 * was mapped before (dlopen), and after a second. What has ended is known if it was asked for before.
 *
 * No process and no file makes it fail: what cannot be read gives frames without a name.
 *
 * @example
 * ```ts
 * import { KernelSymbols, Symbolizer } from "@denobpf/denobpf";
 *
 * const symbolizer = new Symbolizer();
 * const addresses = [KernelSymbols.read().find("vfs_read")!.address];
 * for (const { name, offset, module } of symbolizer.stack(Deno.pid, addresses)) {
 *   console.log(`${name ?? "?"}+0x${offset.toString(16)} (${module})`);
 * }
 * ```
 */
export class Symbolizer {
  readonly #modules: ModuleCache;
  readonly #processes: LeastRecentlyUsed<number, ProcessSymbols>;
  readonly #budgets: Budgets;
  #kernel: KernelSymbols | undefined;

  /** Reads nothing yet. */
  constructor({ memory = 256 * MIB, processes = 1024 }: SymbolizerOptions = {}) {
    this.#budgets = new Budgets(memory);
    this.#modules = new ModuleCache(memory * FILES_SHARE);
    this.#processes = new LeastRecentlyUsed(memory * (1 - FILES_SHARE), processes);
  }

  /** What is at an address of the kernel. The first call reads /proc/kallsyms, a fifth of a second. */
  kernel(address: bigint): Frame {
    return this.#inKernel(address, address);
  }

  /**
   * What is at an address of a process.
   * @param pid as this process sees it
   */
  user(pid: number, address: bigint): Frame {
    return this.#inProcess(this.#process(pid), address, address);
  }

  /**
   * What is at each address of a stack, as the kernel's stack helpers give it: the kernel's part first, if
   * it has one, then the process's, each from the innermost function outwards. All but the innermost are
   * return addresses, which may lie behind the end of the function that called.
   * @param pid the process; undefined where there is none, as for the idle task
   * @param addresses zeros are left out: a stack map fills up with them
   */
  stack(pid: number | undefined, addresses: Iterable<bigint>): Frame[] {
    return this.stacks(pid, [addresses])[0];
  }

  /**
   * The same for many stacks of one process, which is looked at once: where addresses lie in nothing that is
   * mapped, that is most of the work.
   */
  stacks(pid: number | undefined, stacks: Iterable<Iterable<bigint>>): Frame[][] {
    const process = pid === undefined ? undefined : this.#process(pid);
    return Array.from(stacks, (addresses) => this.#stack(process, addresses));
  }

  #stack(process: ProcessSymbols | undefined, addresses: Iterable<bigint>): Frame[] {
    const innermost = { kernel: true, user: true };
    return [...addresses].filter((address) => address !== 0n).map((address) => {
      const part = address >= KERNEL_START ? "kernel" : "user";
      const within = innermost[part] ? address : address - 1n;
      innermost[part] = false;
      if (part === "kernel") return this.#inKernel(address, within);
      return this.#inProcess(process, address, within);
    });
  }

  /** Forgets the kernel's symbols, which modules and BPF programs change, and looks at processes anew. */
  refresh(): void {
    this.#kernel = undefined;
    for (const process of this.#processes.values()) process.expire();
  }

  #inKernel(address: bigint, within: bigint): Frame {
    const symbols = this.#kernel ??= KernelSymbols.tryRead();
    if (symbols.hidden) return { address, offset: 0, module: "[kernel]", reason: HIDDEN };
    const found = symbols.lookup(within);
    if (found === undefined) {
      return { address, offset: 0, module: "[kernel]", reason: "the kernel has no symbol for it" };
    }
    const { name, module = "kernel" } = found;
    const offset = Number(address - found.address);
    return { address, name, symbol: name, offset, module: `[${module}]` };
  }

  #inProcess(process: ProcessSymbols | undefined, address: bigint, within: bigint): Frame {
    if (process === undefined) return { address, offset: 0, reason: "it is of no process" };
    return { address, ...process.lookup(Number(address), Number(within)) };
  }

  #process(pid: number): ProcessSymbols {
    let process = this.#processes.get(pid);
    if (process === undefined) {
      process = new ProcessSymbols(pid, this.#modules, this.#budgets.ofProcess());
      this.#processes.add(pid, process, process.cost);
    }
    process.check();
    this.#processes.weigh(pid, process.cost);
    return process;
  }
}

const HIDDEN =
  "the kernel hides its addresses: kernel.kptr_restrict is 1 and this process has no " +
  "CAP_SYSLOG, or it is 2";
