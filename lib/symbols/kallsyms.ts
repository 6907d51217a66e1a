/** The kernel's own symbols: /proc/kallsyms, which also has those of modules and of BPF programs. */
import { decodeText } from "../sys/text.ts";
import { SystemError } from "../sys/errno.ts";
import { readFile } from "../sys/file.ts";
import { lastNotAbove } from "./intervals.ts";

/** A function or variable of the kernel. */
export interface KernelSymbol {
  /** As in the kernel's source; of a BPF program `bpf_prog_TAG_name`. */
  readonly name: string;
  /** Where it begins. */
  readonly address: bigint;
  /** `T`, `t`, `D` and so on: nm(1). */
  readonly type: string;
  /** The module that it belongs to; `bpf` for a BPF program; undefined for the kernel itself. */
  readonly module: string | undefined;
}

/** No function is as long: beyond it an address is of something that has no symbol. */
const LONGEST = 1n << 20n;

const LINE = /^(.) (\S+)(?:\s+\[(.*)\])?/;
const NEWLINE = 10;
const SPACE = 32;

/**
 * The symbols at one moment; modules and BPF programs come and go.
 *
 * @example
 * ```ts
 * import { KernelSymbols } from "@denobpf/denobpf";
 *
 * const symbols = KernelSymbols.read();
 * console.log(symbols.find("vfs_read")?.address);
 * ```
 */
export class KernelSymbols {
  /** Addresses of all symbols, rising; those of one address in the kernel's own order. */
  readonly #addresses: BigUint64Array<ArrayBuffer>;
  /** Where each line goes on behind its address: `T _text\t[module]`. */
  readonly #names: Uint32Array<ArrayBuffer>;
  readonly #text: Uint8Array<ArrayBuffer>;

  /**
   * Reads symbols of any kernel.
   * @param text what /proc/kallsyms holds: lines of `ffffffff81000000 T _text` with `\t[module]`
   */
  constructor(text: Uint8Array<ArrayBuffer>) {
    const lines = readLines(text);
    const order = inOrder(lines.addresses);
    this.#text = text;
    this.#names = order.map((line) => lines.names[line]);
    const addresses = new Uint32Array(2 * order.length);
    for (let at = 0; at < order.length; at++) {
      addresses[2 * at] = lines.addresses[2 * order[at]];
      addresses[2 * at + 1] = lines.addresses[2 * order[at] + 1];
    }
    this.#addresses = new BigUint64Array(addresses.buffer);
  }

  /**
   * Reads the symbols of the running kernel: 5 MB, a fifth of a second.
   * @throws {SystemError} where there is no /proc/kallsyms
   */
  static read(): KernelSymbols {
    return new KernelSymbols(readFile("/proc/kallsyms"));
  }

  /** @internal {@link read}, or none at all where the kernel has no /proc/kallsyms. */
  static tryRead(): KernelSymbols {
    try {
      return KernelSymbols.read();
    } catch (error) {
      if (error instanceof SystemError) return new KernelSymbols(new Uint8Array(0));
      throw error;
    }
  }

  /** How many symbols there are. */
  get length(): number {
    return this.#addresses.length;
  }

  /**
   * Whether the kernel showed no addresses. It hides them from processes without CAP_SYSLOG
   * (kernel.kptr_restrict=1), or from all (2): Documentation/admin-guide/sysctl/kernel.rst.
   */
  get hidden(): boolean {
    return (this.#addresses.at(-1) ?? 0n) === 0n;
  }

  /** What `address` lies in, if that is known. */
  lookup(address: bigint): KernelSymbol | undefined {
    if (this.hidden) return undefined;
    let at = lastNotAbove(this.#addresses, address);
    if (at < 0 || address - this.#addresses[at] >= LONGEST) return undefined;
    // The kernel itself names the first: get_symbol_pos() in kernel/kallsyms.c.
    while (at > 0 && this.#addresses[at - 1] === this.#addresses[at]) at--;
    return this.#symbol(at);
  }

  /**
   * The symbol of this name; of several the one with the lowest address.
   * @param module look in this module alone
   */
  find(name: string, module?: string): KernelSymbol | undefined {
    for (let at = 0; at < this.length; at++) {
      if (!this.#isNamed(at, name)) continue;
      const symbol = this.#symbol(at);
      if (module === undefined || symbol.module === module) return symbol;
    }
  }

  #symbol(at: number): KernelSymbol {
    const start = this.#names[at];
    const line = this.#text.subarray(start, this.#text.indexOf(NEWLINE, start));
    const [, type, name, module] = LINE.exec(decodeText(line, 0, line.length))!;
    return { name, address: this.#addresses[at], type, module };
  }

  /** Compares bytes: to make a text of each of a hundred thousand names would take far longer. */
  #isNamed(at: number, name: string): boolean {
    const start = this.#names[at] + 2;
    for (let i = 0; i < name.length; i++) {
      if (this.#text[start + i] !== name.charCodeAt(i)) return false;
    }
    return !(this.#text[start + name.length] > SPACE);
  }
}

/** The lines of the text: address as two words, the lower one first, and where its type begins. */
function readLines(text: Uint8Array<ArrayBuffer>) {
  let count = 0;
  for (const byte of text) if (byte === NEWLINE) count++;
  const addresses = new Uint32Array(2 * count);
  const names = new Uint32Array(count);
  let line = 0;
  for (let at = 0; line < count; line++, at = text.indexOf(NEWLINE, at) + 1) {
    let [high, low] = [0, 0];
    for (let digit = hexDigit(text[at]); digit >= 0; digit = hexDigit(text[++at])) {
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
    }
    addresses[2 * line] = low;
    addresses[2 * line + 1] = high;
    names[line] = at + 1;
  }
  return { addresses, names };
}

/** The lines by address; those of one address stay in their order. */
function inOrder(addresses: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: addresses.length / 2 }, (_, at) => at);
  return order.sort((a, b) =>
    addresses[2 * a + 1] - addresses[2 * b + 1] || addresses[2 * a] - addresses[2 * b] || a - b
  );
}

/** The value of a hexadecimal digit as the kernel writes it, -1 for any other byte. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
}
