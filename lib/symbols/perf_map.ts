/**
 * Symbols that a JIT tells: /tmp/perf-PID.map, lines of `START SIZE name` in hexadecimal
 * (tools/perf/Documentation/jit-interface.txt). Node and Deno write it with --perf-basic-prof, Java
 * with -XX:+DumpPerfMapAtExit or `jcmd PID Compiler.perfmap`.
 */
import { decodeText } from "../sys/text.ts";
import { tryReadTextFile } from "../sys/file.ts";
import { lastNotAbove } from "./intervals.ts";
import { FileSource } from "./source.ts";

/** A piece of code that a JIT made. */
interface JitSymbol {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** More is not read: a file in /tmp may be as big as its owner likes. */
const LARGEST = 64 * 1024 * 1024;
const LONGEST_NAME = 4096;

/** Code may lie within older code that is gone; so many are looked at. */
const MOST_AT_ONE_PLACE = 16;

const LINE = /^(?:0x)?([0-9a-f]{1,14}) +(?:0x)?([0-9a-f]{1,14}) +(.+)$/i;
const NEWLINE = 10;

/** The symbols of one process's JIT. The file grows while the process runs, and is read on. */
export class PerfMap {
  readonly #path: string;
  readonly #owners: readonly number[];
  #read = 0;
  /** By its start, the newest. */
  readonly #symbols = new Map<number, JitSymbol & { readonly age: number }>();
  #starts: number[] = [];
  #lines = 0;

  private constructor(path: string, owners: readonly number[]) {
    this.#path = path;
    this.#owners = owners;
  }

  /**
   * The map of a process: seen from its own mount namespace, and named by the pid that it has in its own
   * pid namespace. It need not exist, or not yet.
   *
   * Anybody can write such a file: like perf, only that of the process's own user or root is taken.
   */
  static of(pid: number): PerfMap {
    const status = tryReadTextFile(`/proc/${pid}/status`) ?? "";
    const own = /^NSpid:.*?(\d+)$/m.exec(status)?.[1] ?? pid;
    const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? 0);
    return new PerfMap(`/proc/${pid}/root/tmp/perf-${own}.map`, [0, uid]);
  }

  /** What code `address` lies in, if that is known. */
  lookup(address: number): JitSymbol | undefined {
    return this.#find(address) ?? (this.#update() ? this.#find(address) : undefined);
  }

  #find(address: number): JitSymbol | undefined {
    const last = lastNotAbove(this.#starts, address);
    let found: JitSymbol & { age: number } | undefined;
    for (let at = last; at >= 0 && at > last - MOST_AT_ONE_PLACE; at--) {
      const symbol = this.#symbols.get(this.#starts[at])!;
      if (address < symbol.end && symbol.age > (found?.age ?? -1)) found = symbol;
    }
    return found;
  }

  /** Reads what has been added to the file; tells whether there was anything. */
  #update(): boolean {
    try {
      using file = FileSource.open(this.#path, { follow: false });
      if (!this.#owners.includes(file.status.uid)) return false;
      if (file.size < this.#read) this.#forget();
      const bytes = file.read(this.#read, Math.max(0, LARGEST - this.#read));
      const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1);
      if (whole.length === 0) return false;
      this.#read += whole.length;
      this.#add(whole);
      return true;
    } catch {
      return false; // No such file, or no longer: the usual case.
    }
  }

  #forget(): void {
    this.#read = 0;
    this.#symbols.clear();
  }

  #add(bytes: Uint8Array<ArrayBuffer>): void {
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(NEWLINE, at);
      const line = bytes.subarray(at, Math.min(end, at + LONGEST_NAME));
      const [, start, size, name] = LINE.exec(decodeText(line, 0, line.length)) ?? [];
      if (start !== undefined) {
        const first = parseInt(start, 16);
        const end = first + parseInt(size, 16);
        this.#symbols.set(first, { name, start: first, end, age: this.#lines++ });
      }
      at = end + 1;
    }
    this.#starts = [...this.#symbols.keys()].sort((a, b) => a - b);
  }
}
