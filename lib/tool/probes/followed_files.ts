import { allProcesses, FilesInUse } from "./in_use.ts";
import type { ProbedFile } from "./probed_file.ts";

/** How often files are looked for that have come into use. */
const LOOK_MS = 1000;

/** What is followed, and how. */
export interface Following {
  /** The processes that are traced; all if there is none. */
  readonly pids: readonly number[];
  /** The map of bpf/include/execs.h. */
  readonly execs: { drain(): readonly (readonly [pid: number, ...unknown[]])[] };
  /** Whether processes open such files at any time, and not only as they begin. */
  readonly opensLater?: boolean;
  /** Whether a file is meant, by its name without folders: `libc.so.6`. */
  isMeant(file: string): boolean;
  /** Attaches programs to a file. @returns whether it was still there */
  attach(file: ProbedFile): boolean;
}

/**
 * Files to which programs are attached because processes use them: those that are in use, and those that come
 * into use while this lasts, as with a container that starts. Those are found a second after the process has
 * executed its program; another second later, if they are opened as it runs.
 */
export class FollowedFiles implements Disposable {
  readonly #following: Following;
  readonly #files: FilesInUse;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Those that are looked at once more. */
  #begun: readonly number[] = [];

  /** Attaches to the files that are in use. @throws what `attach` throws */
  constructor(following: Following) {
    this.#following = following;
    this.#files = new FilesInUse(following.isMeant, following.pids.length > 0);
    this.#attachIn(following.pids.length > 0 ? following.pids : allProcesses());
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Files that programs are attached to. */
  get count(): number {
    return this.#files.count;
  }

  #look(): void {
    const begun = this.#following.execs.drain().map(([pid]) => pid);
    const pids = [...new Set([...this.#begun, ...begun])];
    if (this.#following.opensLater) this.#begun = begun;
    if (pids.length > 0) this.#attachIn(pids);
  }

  #attachIn(pids: readonly number[]): void {
    this.#files.visit(pids, this.#following.attach);
  }

  /** Looks for files no more. The programs stay attached. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
