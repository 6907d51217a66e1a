/** What the addresses of processes are mapped from. */
import { tryReadTextFile } from "#lib/tool/mod.ts";

interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: bigint;
  readonly name: string;
}

/** Processes that are kept: others are looked at again. */
const MOST = 1024;

/** Mappings are read while processes are there, and again when an address lies in none that is known. */
export class Mappings {
  readonly #processes = new Map<number, readonly Mapping[]>();

  /** Looks at processes that are not known yet. */
  read(pids: Iterable<number>): void {
    for (const pid of new Set(pids)) {
      if (!this.#processes.has(pid)) this.#look(pid);
    }
  }

  /** `/usr/lib/libfoo.so+0x1234`, `[heap]+0x10`; undefined for memory without a name. */
  of(pid: number, address: bigint): string | undefined {
    const found = this.#find(pid, address) ?? (this.#look(pid), this.#find(pid, address));
    if (found === undefined || found.name === "") return undefined;
    const { start, offset, name } = found;
    return `${name}+0x${(address - start + offset).toString(16)}`;
  }

  #find(pid: number, address: bigint): Mapping | undefined {
    return this.#processes.get(pid)?.find(({ start, end }) => start <= address && address < end);
  }

  #look(pid: number): void {
    const text = tryReadTextFile(`/proc/${pid}/maps`);
    if (text === undefined) return; // it has ended: what was known of it is known still
    if (this.#processes.size >= MOST) this.#processes.clear();
    this.#processes.set(pid, text.split("\n").flatMap(mappingOf));
  }
}

/** A line of /proc/PID/maps: proc(5). */
function mappingOf(line: string): Mapping[] {
  const [, start, end, offset, name] =
    /^([\da-f]+)-([\da-f]+) \S+ ([\da-f]+) \S+ \d+ *(.*)$/.exec(line) ?? [];
  if (start === undefined) return [];
  const [from, to, at] = [start, end, offset].map((hex) => BigInt(`0x${hex}`));
  return [{ start: from, end: to, offset: at, name }];
}
