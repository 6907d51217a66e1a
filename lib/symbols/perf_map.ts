/**
 * Symbols that a JIT writes down: /tmp/perf-PID.map. Node and Deno write it with --perf-basic-prof and only add to
 * it; Java writes it anew at each `jcmd PID Compiler.perfmap` and with -XX:+DumpPerfMapAtExit, .NET adds to
 * it with DOTNET_PerfMapEnabled=1.
 */
import { tryReadTextFile } from "../sys/file.ts";
import { SystemError } from "../sys/errno.ts";
import type { FileStatus } from "../sys/status.ts";
import { type Budget, BudgetError, LIMITS, SORTED } from "./budget.ts";
import { type JitSymbol, JitSymbols, lastLines } from "./jit_symbols.ts";
import { FileSource } from "./source.ts";

const NEWLINE = 0x0a;

/** Bytes at the file's beginning, and where it was read to, that must be as they were. */
const COMPARED = 4096;

const TOO_BIG = `its perf map is too big: the last ${LIMITS.perfMapBytes / 2 ** 20} MiB or ` +
  `${LIMITS.perfMapLines} lines are read`;

/** A stretch of the file that has been read. */
interface Part {
  readonly at: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The symbols of one process's JIT. */
export class PerfMap {
  readonly #root: string;
  readonly #path: string;
  readonly #owners: readonly number[];
  readonly #budget: Budget;
  #symbols = new JitSymbols();
  /** The file when it was looked at last. */
  #status: FileStatus | undefined;
  #position = 0;
  /** Whether the position is in the middle of a line that is too long. */
  #skipping = false;
  #compared: readonly Part[] = [];
  #obstacle: string | undefined;

  /**
   * A map that has not been read yet.
   * @param root the folder that its process has for its root
   * @param path below that
   * @param owners users whose file is taken
   */
  constructor(root: string, path: string, owners: readonly number[], budget: Budget) {
    this.#root = root;
    this.#path = path;
    this.#owners = owners;
    this.#budget = budget;
  }

  /**
   * The map of a process: seen from its own mount namespace, and named by the pid that it has in its own
   * pid namespace. It need not exist, or not yet.
   *
   * Anybody can write such a file: like perf, only that of the process's own user or root is taken.
   */
  static of(pid: number, budget: Budget): PerfMap {
    const status = tryReadTextFile(`/proc/${pid}/status`) ?? "";
    const own = /^NSpid:.*?(\d+)$/m.exec(status)?.[1] ?? pid;
    const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? 0);
    return new PerfMap(`/proc/${pid}/root`, `/tmp/perf-${own}.map`, [0, uid], budget);
  }

  /** Bytes of memory that it takes, about. */
  get cost(): number {
    return this.#symbols.cost + 2 * COMPARED;
  }

  /** Why it is not read, or not to its end; undefined if it is, or if there is none. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** What code `address` lies in, if that is known. */
  lookup(address: number): JitSymbol | undefined {
    return this.#symbols.lookup(address);
  }

  /** Has the file read anew at the next {@link update}. */
  forget(): void {
    this.#status = undefined;
    this.#position = 0;
    this.#skipping = false;
    this.#compared = [];
    this.#symbols = new JitSymbols();
  }

  /** Reads what has been written since the last time. A file that is as it was is not read. */
  update(): void {
    try {
      using file = FileSource.below(this.#root, this.#path, { follow: false });
      const before = this.#status;
      if (file.status.identity === before?.identity) return;
      this.#obstacle = undefined;
      if (before !== undefined && !this.#hasGrown(before, file)) this.forget();
      if (this.#owners.includes(file.status.uid)) this.#readOn(file);
      else this.#obstacle = "its perf map is of another user";
      this.#status = file.status;
    } catch (error) {
      if (error instanceof BudgetError) this.#obstacle = error.message;
      else if (!(error instanceof SystemError)) throw error;
      // No such file, or no longer, is the usual case: the names that were read stay good.
    }
  }

  /** Whether it is the same file with something added: what was read is then not read again. */
  #hasGrown(before: FileStatus, file: FileSource): boolean {
    if (file.status.file !== before.file || file.size <= before.size) return false;
    return this.#compared.every(({ at, bytes }) => {
      this.#budget.take(bytes.length);
      return sameBytes(file.read(at, bytes.length), bytes);
    });
  }

  /** Reads on from the position. Of a file that is too big the end: it has what is newest. */
  #readOn(file: FileSource): void {
    const last = file.size - LIMITS.perfMapBytes;
    if (last > this.#position) {
      this.forget();
      this.#position = last;
      this.#skipping = true;
    }
    if (this.#position > 0 && last > 0) this.#obstacle = TOO_BIG;
    const length = file.size - this.#position;
    this.#budget.take(length);
    this.#add(file.read(this.#position, length));
  }

  /** Takes what lies at the position, as far as lines are whole; one that is too long is passed over. */
  #add(bytes: Uint8Array<ArrayBuffer>): void {
    const first = this.#skipping ? bytes.indexOf(NEWLINE) + 1 : 0;
    const { lines, count } = lastLines(bytes.subarray(first));
    this.#budget.take(SORTED * (this.#symbols.size + count));
    if (this.#symbols.size + count >= LIMITS.perfMapLines) this.#obstacle = TOO_BIG;
    this.#symbols.add(lines, count);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    // Without a newline it is still the line that is passed over.
    this.#skipping = end === 0 && this.#skipping || bytes.length - end > LIMITS.perfMapLine;
    this.#moveOn(bytes, this.#skipping ? bytes.length : end);
  }

  #moveOn(bytes: Uint8Array<ArrayBuffer>, end: number): void {
    if (end === 0) return;
    const tail = Math.max(0, end - COMPARED);
    this.#compared = [
      this.#compared[0] ?? { at: this.#position, bytes: bytes.slice(0, Math.min(end, COMPARED)) },
      { at: this.#position + tail, bytes: bytes.slice(tail, end) },
    ];
    this.#position += end;
  }
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
