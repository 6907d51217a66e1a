/** The demangler of the package gecko-profiler-demangle, in an instance of our own that stays small. */

/** What the module exports: wasm-bindgen's interface. Texts are UTF-8 in its memory. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  __wbindgen_start(): void;
  __wbindgen_malloc(size: number, alignment: number): number;
  __wbindgen_free(address: number, size: number, alignment: number): void;
  /** Takes the text at `address` and frees it; gives the address and size of the result. */
  demangle_any(address: number, size: number): [address: number, size: number];
}

/**
 * The memory that it may take, in pages of 64 KiB, of which its code begins with 17. A name of two hundred
 * letters can unfold into gigabytes, since its parts may stand for one another; it is given up when the
 * memory is full, after some 10 ms.
 */
const MOST_PAGES = 48;

/** scripts/demangler.ts puts it beside whatever is made of this file. */
const FILE = "demangler.bin";

let compiled: WebAssembly.Module | undefined;
let current: Demangler | undefined;

/**
 * The demangler, made when it is first asked for: 3 ms.
 * @throws {Error} if its file is not there
 */
export function demangler(): Demangler {
  compiled ??= new WebAssembly.Module(
    limitMemory(Deno.readFileSync(new URL(FILE, import.meta.url))),
  );
  return current ??= new Demangler(compiled);
}

class Demangler {
  readonly #exports: Exports;

  constructor(module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module, {
      // It would make a table of JavaScript values, of which none is handed over.
      "./index_bg.js": { __wbindgen_init_externref_table: () => {} },
    });
    this.#exports = instance.exports as unknown as Exports;
    this.#exports.__wbindgen_start();
  }

  /** The demangled name; undefined if it cannot be found within the memory there is. */
  demangle(name: string): string | undefined {
    const lib = this.#exports;
    try {
      const text = new TextEncoder().encode(name);
      const at = lib.__wbindgen_malloc(text.length, 1) >>> 0;
      new Uint8Array(lib.memory.buffer).set(text, at);
      const [start, size] = lib.demangle_any(at, text.length);
      const result = new TextDecoder().decode(new Uint8Array(lib.memory.buffer, start >>> 0, size));
      lib.__wbindgen_free(start, size, 1);
      return result;
    } catch (error) {
      // It has stopped in the middle of its work, and is in no state to go on.
      current = undefined;
      if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
        return undefined;
      }
      throw error;
    }
  }
}

/** The section of a WebAssembly module that has the size of its memory, and what is in front of it. */
const MEMORY_SECTION = 5;
const HEADER_SIZE = 8;
const HAS_MAXIMUM = 1;

/** A module as it is, but for its memory, which may grow no further than MOST_PAGES. */
function limitMemory(module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let at = HEADER_SIZE; at < module.length;) {
    const [size, start] = readNumber(module, at + 1);
    if (module[at] !== MEMORY_SECTION) {
      at = start + size;
      continue;
    }
    const [initial, end] = readNumber(module, start + 2);
    const memory = [1, HAS_MAXIMUM, ...number(initial), ...number(MOST_PAGES)];
    const section = [MEMORY_SECTION, memory.length, ...memory];
    const limited = new Uint8Array(at + section.length + module.length - end);
    limited.set(module.subarray(0, at));
    limited.set(section, at);
    limited.set(module.subarray(end), at + section.length);
    return limited;
  }
  throw new Error(`${FILE} has no memory of its own`);
}

/** An unsigned LEB128 number, and where it ends. */
function readNumber(bytes: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let shift = 0;; shift += 7) {
    value |= (bytes[at] & 0x7f) << shift;
    if (bytes[at++] < 0x80) return [value, at];
  }
}

function number(value: number): number[] {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...number(value >>> 7)];
}
