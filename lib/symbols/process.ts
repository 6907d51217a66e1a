/** The code of one process: its files where they are mapped, and what its JIT tells. */
import { ENOENT, ESRCH, SystemError } from "../sys/errno.ts";
import { tryReadTextFile } from "../sys/file.ts";
import type { ProcessBudget } from "./budget.ts";
import { demangle } from "./demangle.ts";
import type { Frame } from "./frame.ts";
import { lastNotAbove } from "./intervals.ts";
import type { CodeModule } from "./module.ts";
import type { ModuleCache } from "./modules.ts";
import { PerfMap } from "./perf_map.ts";
import { type CodeMapping, readCodeMappings } from "./process_maps.ts";

/** What is known of an address. */
type Place = Omit<Frame, "address">;

/** After so many milliseconds the mappings are read anew, in case one has taken another's place. */
const FRESH = 1000;

/** What a JIT's code lies in. */
const JIT = "[jit]";

/** `utime`, ... of proc_pid_stat(5), counted from the state, which is the third there. */
const STARTTIME = 22 - 3;
const STARTCODE = 26 - 3;
const STARTSTACK = 28 - 3;

export class ProcessSymbols {
  readonly #pid: number;
  readonly #modules: ModuleCache;
  readonly #budget: ProcessBudget;
  #mappings: readonly CodeMapping[] = [];
  #starts: readonly number[] = [];
  #text = "";
  #generation = "";
  #readAt = -Infinity;
  #identities = new Map<CodeMapping, string | undefined>();
  #jit: PerfMap | undefined;
  #jitIsRead = false;
  #obstacle: string | undefined;

  constructor(pid: number, modules: ModuleCache, budget: ProcessBudget) {
    this.#pid = pid;
    this.#modules = modules;
    this.#budget = budget;
  }

  /**
   * Makes sure that what is known is of the program that the process runs now. Called for each stack: what
   * is read for one of its addresses is not read again for the others.
   */
  check(): void {
    this.#jitIsRead = false;
    const generation = generationOf(this.#pid) ?? this.#generation;
    const same = generation === this.#generation && this.#text !== "";
    if (same && performance.now() - this.#readAt < FRESH) return;
    if (generation !== this.#generation) this.#jit = undefined;
    this.#generation = generation;
    this.#read();
  }

  /** Has the mappings read anew at the next {@link check}, and what the JIT tells from its beginning. */
  expire(): void {
    this.#readAt = -Infinity;
    this.#jit?.forget();
  }

  /** @param within an address in the same function: of a return address, the one before it */
  lookup(address: number, within: number): Place {
    let mapping = this.#mappingAt(within);
    if (mapping === undefined && this.#read()) mapping = this.#mappingAt(within);
    if (mapping === undefined) return this.#inJit(within, address) ?? this.#nowhere();
    const module = this.#moduleOf(mapping);
    if (module === undefined) {
      const place = { offset: address - mapping.start, module: mapping.path || "[anon]" };
      return this.#inJit(within, address) ?? { ...place, reason: this.#whyNone(mapping) };
    }
    return placeIn(module, mapping, address, within);
  }

  /** Why the code of a mapping has no names. */
  #whyNone({ path }: CodeMapping): string {
    if (this.#jit?.obstacle !== undefined) return this.#jit.obstacle;
    return path === "" ? "it is of no file, and no perf map has it" : "its file has no symbols";
  }

  #mappingAt(address: number): CodeMapping | undefined {
    const mapping = this.#mappings[lastNotAbove(this.#starts, address)];
    return mapping !== undefined && address < mapping.end ? mapping : undefined;
  }

  #moduleOf(mapping: CodeMapping): CodeModule | undefined {
    const identity = this.#identities.get(mapping);
    const known = identity === undefined ? undefined : this.#modules.known(identity);
    if (known !== undefined) return known ?? undefined;
    if (identity === undefined && this.#identities.has(mapping)) return undefined;
    const opened = this.#modules.open(this.#pid, mapping)?.identity;
    this.#identities.set(mapping, opened);
    return (opened === undefined ? undefined : this.#modules.known(opened)) ?? undefined;
  }

  #inJit(within: number, address: number): Place | undefined {
    this.#jit ??= PerfMap.of(this.#pid, this.#budget.files);
    if (!this.#jitIsRead) this.#jit.update();
    this.#jitIsRead = true;
    const found = this.#jit.lookup(within);
    if (found === undefined) return undefined;
    return { name: found.name, symbol: found.name, offset: address - found.start, module: JIT };
  }

  #nowhere(): Place {
    return { offset: 0, reason: this.#obstacle ?? "nothing is mapped there" };
  }

  /** Reads the mappings, and tells whether they differ from before. What has ended keeps its last ones. */
  #read(): boolean {
    this.#readAt = performance.now();
    this.#obstacle = undefined;
    try {
      const { text, mappings } = readCodeMappings(this.#pid);
      if (text === "") this.#obstacle = "the process has ended, or is one of the kernel's";
      if (text === "" || text === this.#text) return false;
      this.#text = text;
      this.#mappings = mappings;
      this.#starts = mappings.map(({ start }) => start);
      this.#identities = new Map();
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const gone = error.errno === ENOENT || error.errno === ESRCH;
      this.#obstacle = gone ? "the process has ended" : error.message;
      return false;
    }
  }
}

/** Addresses are looked up as the file has them: the process has the whole file moved (ASLR). */
function placeIn(
  module: CodeModule,
  { start, offset, path }: CodeMapping,
  address: number,
  within: number,
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
    return { ...place, offset: moved, reason: "its file has no symbol for it" };
  }
  const { name: symbol } = found;
  return { ...place, name: demangle(symbol), symbol, offset: moved - found.address };
}

/**
 * What tells one program of a pid from the next, also if it is the same file executed again: when the
 * process was started, and where code and stack are. Undefined when it is gone.
 */
function generationOf(pid: number): string | undefined {
  const stat = tryReadTextFile(`/proc/${pid}/stat`);
  // The name in front is in parentheses, and may itself have some.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields && [STARTTIME, STARTCODE, STARTSTACK].map((at) => fields[at]).join(" ");
}
