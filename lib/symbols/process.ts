/** The code of one process: its files where they are mapped, and what its JIT wrote down. */
import { tryReadTextFile } from "../sys/file.ts";
import { type Budget, LIMITS, type ProcessBudget } from "./budget.ts";
import { demangleWithin } from "./demangle.ts";
import type { Frame } from "./frame.ts";
import { Mappings } from "./mappings.ts";
import { CodeModule } from "./module.ts";
import type { ModuleCache, Opened, Refusal } from "./modules.ts";
import { PerfMap } from "./perf_map.ts";
import type { CodeMapping } from "./process_maps.ts";

/** What is known of an address. */
type Place = Omit<Frame, "address">;

/** After this many milliseconds the mappings are read anew, in case one has taken another's place. */
const FRESH = 1000;

/** What a JIT's code lies in. */
const JIT = "[jit]";

/** Bytes that a process takes for itself, about. */
const OVERHEAD = 1024;

/** `utime`, ... of proc_pid_stat(5), counted from the state, which is the third there. */
const STARTTIME = 22 - 3;
const STARTCODE = 26 - 3;
const STARTSTACK = 28 - 3;

export class ProcessSymbols {
  readonly #pid: number;
  readonly #modules: ModuleCache;
  readonly #budget: ProcessBudget;
  readonly #mappings: Mappings;
  #generation = "";
  #readAt = -Infinity;
  /** Whether mappings and perf map have been read for this stack. */
  #mappingsAreRead = false;
  #jitIsRead = false;
  #opened = new WeakMap<CodeMapping, Opened>();
  /** Those that could not be read, until the mappings are read again. */
  #refused = new Map<CodeMapping, Opened>();
  #jit: PerfMap | undefined;

  constructor(pid: number, modules: ModuleCache, budget: ProcessBudget) {
    this.#pid = pid;
    this.#modules = modules;
    this.#budget = budget;
    this.#mappings = new Mappings(pid, budget.maps);
  }

  /** Bytes of memory that it takes, about. */
  get cost(): number {
    return OVERHEAD + this.#mappings.cost + (this.#jit?.cost ?? 0);
  }

  /**
   * Makes sure that what is known is of the program that the process runs now. Called for each stack: what
   * is read for one of its addresses is not read again for the others.
   */
  check(): void {
    this.#mappingsAreRead = false;
    this.#jitIsRead = false;
    const generation = generationOf(this.#pid) ?? this.#generation;
    const isSame = generation === this.#generation;
    if (isSame && performance.now() - this.#readAt < FRESH) return;
    this.#generation = generation;
    if (!isSame) {
      this.#jit = undefined;
      this.#opened = new WeakMap();
      this.#mappings.forget();
    }
    this.#readMappings();
  }

  /** Has the mappings read anew at the next {@link check}, and what the JIT has written from its beginning. */
  expire(): void {
    this.#readAt = -Infinity;
    this.#jit?.forget();
  }

  /** @param within an address in the same function: of a return address, the one before it */
  lookup(address: number, within: number): Place {
    let mapping = this.#mappings.at(within);
    if (mapping === undefined && !this.#mappingsAreRead) {
      this.#readMappings();
      mapping = this.#mappings.at(within);
    }
    if (mapping === undefined) return this.#inJit(within, address) ?? this.#nowhere();
    const opened = this.#open(mapping);
    const known = this.#known(opened);
    if (known instanceof CodeModule) {
      return placeIn(known, opened.path, mapping, { address, within, budget: this.#budget.files });
    }
    const found = this.#inJit(within, address);
    if (found !== undefined) return found;
    const reason = this.#jit?.obstacle ?? opened.reason ?? known?.reason;
    return { offset: address - mapping.start, module: opened.path || "[anon]", reason };
  }

  /** What is mapped there: what was found before, as long as the cache knows it. */
  #open(mapping: CodeMapping): Opened {
    const before = this.#opened.get(mapping) ?? this.#refused.get(mapping);
    if (before !== undefined && (before.identity === undefined || this.#known(before))) {
      return before;
    }
    const opened = this.#modules.open(this.#pid, mapping, this.#budget.files);
    if (opened.identity === undefined) this.#refused.set(mapping, opened);
    else this.#opened.set(mapping, opened);
    return opened;
  }

  #known({ identity }: Opened): CodeModule | Refusal | undefined {
    return identity === undefined ? undefined : this.#modules.known(identity);
  }

  #inJit(within: number, address: number): Place | undefined {
    this.#jit ??= PerfMap.of(this.#pid, this.#budget.files);
    if (!this.#jitIsRead) this.#jit.update();
    this.#jitIsRead = true;
    const found = this.#jit.lookup(within);
    if (found === undefined) return undefined;
    return {
      name: shown(found.name),
      symbol: found.name,
      offset: address - found.start,
      module: JIT,
    };
  }

  #nowhere(): Place {
    return { offset: 0, reason: this.#mappings.obstacle ?? "nothing is mapped there" };
  }

  #readMappings(): void {
    this.#mappings.read();
    this.#mappingsAreRead = true;
    this.#readAt = performance.now();
    this.#refused.clear();
  }
}

/** Addresses are looked up as the file has them: the process has the whole file moved (ASLR). */
function placeIn(
  module: CodeModule,
  path: string,
  { start, offset }: CodeMapping,
  { address, within, budget }: { address: number; within: number; budget: Budget },
): Place {
  const { buildId } = module;
  const place = { module: path, ...(buildId !== undefined && { buildId }) };
  const inFile = module.addressOf(within - start + offset);
  if (inFile === undefined) {
    return {
      ...place,
      offset: address - start + offset,
      reason: "no segment of its file holds it",
    };
  }
  const found = module.lookup(inFile);
  const moved = address - within + inFile;
  if (found === undefined) {
    return { ...place, offset: moved, reason: module.obstacle ?? "its file has no symbol for it" };
  }
  const { name: symbol } = found;
  const name = shown(demangleWithin(symbol, budget));
  return { ...place, name, symbol, offset: moved - found.address };
}

/** A name as far as it is shown: C++ can make them as long as it likes. */
function shown(name: string): string {
  return name.length <= LIMITS.name ? name : `${name.slice(0, LIMITS.name - 1)}…`;
}

/**
 * What distinguishes one program of a pid from the next, also if it is the same file executed again: when the
 * process was started, and where code and stack are. Undefined when it is gone.
 */
function generationOf(pid: number): string | undefined {
  const stat = tryReadTextFile(`/proc/${pid}/stat`);
  // The name in front is in parentheses, and may itself have some.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields && [STARTTIME, STARTCODE, STARTSTACK].map((at) => fields[at]).join(" ");
}
