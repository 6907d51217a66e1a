import { type Codec, decodeAll, encodeAll } from "../btf/codec.ts";
import type { DataSection } from "./data_section.ts";

/**
 * The global variables of one section (`.rodata`, `.data`, `.bss`, `.kconfig`). Before load they hold
 * what the program starts with; after load they are the running program's own memory.
 *
 * @example
 * ```ts
 * import { BpfObject, s32 } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * const variables = object.section(".bss");
 * variables.write(16, s32, Deno.pid); // skeletons know the offsets
 * ```
 */
export class Section {
  readonly #memory: DataSection;

  /** @internal Objects make their sections. */
  constructor(memory: DataSection) {
    this.#memory = memory;
  }

  /** Its name: `.bss`. */
  get name(): string {
    return this.#memory.name;
  }

  /** Size in bytes. */
  get size(): number {
    return this.#memory.size;
  }

  /**
   * Reads the variable at `offset` bytes.
   * @throws {RangeError} if it reaches beyond the section; {PhaseError} after close
   */
  read<T>(offset: number, codec: Codec<T>): T {
    const { u8 } = this.#memory.readable();
    const { size } = codec;
    this.#check(offset, codec.name, size);
    return decodeAll(codec, u8.slice(offset, offset + size));
  }

  /**
   * Writes the variable at `offset` bytes.
   * @throws {RangeError | TypeError} if it reaches beyond the section, or does not fit its type
   * @throws {PhaseError} after close, and once `.rodata` or `.kconfig` is loaded
   */
  write<T>(offset: number, codec: Codec<T>, value: T): void {
    const bytes = encodeAll(codec, value);
    const { u8 } = this.#memory.writable(`the variable at ${offset}`);
    this.#check(offset, codec.name, bytes.length);
    u8.set(bytes, offset);
  }

  #check(offset: number, name: string, size: number): void {
    if (Number.isInteger(offset) && offset >= 0 && offset + size <= this.size) return;
    throw new RangeError(`${name} at ${offset} lies beyond the ${this.size} bytes of ${this.name}`);
  }
}
