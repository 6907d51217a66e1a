import { cString } from "../sys/libc.ts";

/**
 * One of libbpf's option structs (`struct bpf_..._opts`). Each begins with its own size, by which
 * libbpf knows which members the caller has; a later libbpf takes an earlier size, and an earlier one
 * takes a later size while the members it does not know are zero.
 */
export class OptionStruct {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  /** What the struct points to lives as long as the struct. */
  readonly #pointees: Uint8Array<ArrayBuffer>[] = [];

  /** @param size `sizeof` the struct in bytes */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
    this.#view.setBigUint64(0, BigInt(size), true);
  }

  /** Sets a `__u32`, `int` or `enum` member. */
  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  /** Sets a `const char *` member; undefined leaves NULL. */
  string(offset: number, value: string | undefined): this {
    if (value !== undefined) {
      const text = cString(value);
      this.#pointees.push(text);
      const pointer = Deno.UnsafePointer.value(Deno.UnsafePointer.of(text));
      this.#view.setBigUint64(offset, pointer, true);
    }
    return this;
  }
}
