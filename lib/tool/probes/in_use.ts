import { functionIn } from "../../objects/attach/elf_function.ts";
import { functionSymbols } from "../../objects/attach/elf_symbols.ts";
import { BpfError } from "../../objects/errors.ts";
import { BudgetError, Budgets, LOOKED_FOR, type ProcessBudget } from "../../symbols/budget.ts";
import { type CodeMapping, readCodeMappings } from "../../symbols/process_maps.ts";
import { tryReadDirectory } from "../../sys/directory.ts";
import { SystemError } from "../../sys/errno.ts";
import { tryReadTextFile } from "../../sys/file.ts";
import { readLink } from "../../sys/symlink.ts";
import { ExitError } from "../ending/exit.ts";
import { reportRefusals } from "./attach.ts";
import type { Hook } from "./hook.ts";
import { ProbedFile } from "./probed_file.ts";

/**
 * What it costs to attach to a file, in bytes that could be read meanwhile: the kernel takes a tenth of a second
 * to detach each program. So it is 16 files of a user at once, and one a second from then on.
 */
const ATTACHED = 16 * 1024 * 1024;

/** This many files are taken besides those of the host's root, as links stay open. */
const MOST_FILES = 256;

/** Whose processes are looked at, and what may be done for them. */
interface Owner {
  readonly budget: ProcessBudget;
  readonly isRoot: boolean;
}

/** What an owner's processes have mapped, one file after the other. */
interface Turn {
  readonly owner: Owner;
  readonly files: Generator<readonly [key: string, place: Mapped], void, void>;
}

/** A file that a process has mapped. */
interface Mapped {
  readonly pid: number;
  readonly mapping: CodeMapping;
}

/**
 * The libraries that processes have mapped, each once: containers have files of their own, and so do processes
 * that began before a library was replaced.
 *
 * Processes can map as many files as they like, of such a name and of any size. So those of the host's root come
 * first. Each other user, and root of each container, has a budget, and their files take turns.
 */
export class FilesInUse {
  readonly #isMeant: (file: string) => boolean;
  readonly #withPrograms: boolean;
  readonly #used = new Set<string>();
  readonly #owners = new Map<string, Owner>();
  readonly #budgets = new Budgets(0);
  readonly #host = ownerOf(Deno.pid);
  #others = 0;

  /**
   * Looks at nothing yet.
   * @param isMeant whether a file is such a library, by its name without folders: `libc.so.6`
   * @param withPrograms whether the programs of the processes are meant, too
   */
  constructor(isMeant: (file: string) => boolean, withPrograms: boolean) {
    this.#isMeant = isMeant;
    this.#withPrograms = withPrograms;
  }

  /** How many files were used. */
  get count(): number {
    return this.#used.size;
  }

  /**
   * Has the files used that these processes have, and that were not used before. What is left out is reported to
   * a user who asks for details.
   * @param pids the processes. One that has ended has no files
   * @param use returns whether it could use the file
   */
  visit(pids: readonly number[], use: (file: ProbedFile) => boolean): void {
    const seen = new Set<string>();
    const turns = this.#turns(pids, seen);
    while (turns.length > 0) {
      const turn = turns.shift()!;
      if (!this.#next(turn, use)) continue;
      if (turn.owner.isRoot) turns.unshift(turn);
      else turns.push(turn);
    }
  }

  /** The owners of processes, root of this host first. */
  #turns(pids: readonly number[], seen: Set<string>): Turn[] {
    const groups = new Map<Owner, number[]>();
    for (const pid of pids) {
      const name = ownerOf(pid);
      if (name === undefined) continue;
      const known = this.#owners.get(name);
      const isRoot = name === this.#host && name.startsWith(ROOT);
      const owner = known ?? { isRoot, budget: this.#budgets.ofProcess() };
      this.#owners.set(name, owner);
      const group = groups.get(owner);
      if (group === undefined) groups.set(owner, [pid]);
      else group.push(pid);
    }
    return [...groups].sort(([one], [other]) => Number(other.isRoot) - Number(one.isRoot))
      .map(([owner, pids]) => ({ owner, files: this.#filesOf(owner, pids, seen) }));
  }

  /** Has the next file used. @returns whether its owner may have more */
  #next({ owner: { budget, isRoot }, files }: Turn, use: (file: ProbedFile) => boolean): boolean {
    const { done, value } = files.next();
    if (done) return false;
    const [key, { pid, mapping: { text: name, start, end } }] = value;
    const leftOut = (reason: string) => {
      reportRefusals([{ name: `what process ${pid} and others of its user have`, reason }]);
      return false;
    };
    if (!isRoot && this.#others >= MOST_FILES) {
      return leftOut(`there are more than ${MOST_FILES} such files`);
    }
    try {
      if (!isRoot) budget.files.check(ATTACHED);
      budget.files.take(LOOKED_FOR);
    } catch (error) {
      if (error instanceof BudgetError) return leftOut(error.message);
      throw error;
    }
    // Also where the file has another name by now, or none.
    const path = `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
    if (use(new ProbedFile({ name, path }, budget.files))) {
      this.#used.add(key);
      if (!isRoot) {
        this.#others++;
        budget.files.spend(() => ATTACHED);
      }
    }
    return true;
  }

  *#filesOf({ budget }: Owner, pids: readonly number[], seen: Set<string>): Turn["files"] {
    for (const pid of pids) {
      const program = this.#withPrograms ? readLink(`/proc/${pid}/exe`) : undefined;
      for (const mapping of mappingsOf(pid, budget)) {
        const { text, device, inode } = mapping;
        const file = text.replace(/ \(deleted\)$/, "").replace(/.*\//, "");
        const key = `${device} ${inode}`;
        if (inode === 0n || seen.has(key) || this.#used.has(key)) continue;
        if (text !== program && !this.#isMeant(file)) continue;
        seen.add(key);
        yield [key, { pid, mapping }];
      }
    }
  }
}

/**
 * A function of the libraries that processes have mapped, once for each file: see {@link FilesInUse}.
 * @param isMeant whether a file is such a library, by its name without folders: `libc.so.6`
 * @param pids the processes, whose programs may have the function in themselves; every process if there is none
 */
export function functionInUse(
  func: string,
  isMeant: (file: string) => boolean,
  pids: readonly number[],
): Hook[] {
  const hooks: Hook[] = [];
  const files = new FilesInUse(isMeant, pids.length > 0);
  files.visit(pids.length > 0 ? pids : allProcesses(), (file) => {
    const hook = functionHook(func, file);
    if (hook !== undefined) hooks.push(hook);
    return hook !== undefined;
  });
  return hooks;
}

/**
 * A function of a file; undefined if it has no such function, or is there no more. That it cannot be read is
 * reported to a user who asks for details.
 */
export function functionHook(func: string, file: ProbedFile): Hook | undefined {
  const owner = file.name;
  try {
    const offset = file.lookInto((elf) => {
      // To find out which name is near takes long, and is nobody's question.
      if (!functionSymbols(elf, func).some(({ defined }) => defined)) return undefined;
      return functionIn(elf, owner, func, `trace ${func}`).offset;
    });
    if (offset === undefined) return undefined;
    return { names: [func], owner, file, places: [{ at: BigInt(offset) }] };
  } catch (error) {
    // It has none to attach to, or is gone.
    if (error instanceof BpfError || error instanceof SystemError) return undefined;
    if (!(error instanceof ExitError)) throw error;
    reportRefusals([{ name: owner, reason: error.message }]);
  }
}

/** The processes that there are. */
export function allProcesses(): number[] {
  return tryReadDirectory("/proc").map(({ name }) => Number(name)).filter((pid) => pid > 0);
}

function mappingsOf(pid: number, budget: ProcessBudget): readonly CodeMapping[] {
  try {
    let mappings: readonly CodeMapping[] = [];
    budget.maps.spend(() => {
      const read = readCodeMappings(pid);
      mappings = read.mappings;
      return Math.max(1, read.size);
    });
    return mappings;
  } catch (error) {
    if (error instanceof SystemError) return []; // it has ended
    if (!(error instanceof BudgetError)) throw error;
    reportRefusals([{ name: `what process ${pid} has mapped`, reason: error.message }]);
    return [];
  }
}

const ROOT = "root ";

/** The user that a process runs as, of root also where: a container has a mount namespace. Undefined if it has ended. */
function ownerOf(pid: number): string | undefined {
  const [, uid] = /^Uid:\s+\d+\s+(\d+)/m.exec(tryReadTextFile(`/proc/${pid}/status`) ?? "") ?? [];
  return uid === "0" ? `${ROOT}${readLink(`/proc/${pid}/ns/mnt`)}` : uid;
}
