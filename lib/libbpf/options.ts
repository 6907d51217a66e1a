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

  /** Sets a `bool` member. */
  bool(offset: number, value: boolean): this {
    this.#view.setUint8(offset, value ? 1 : 0);
    return this;
  }

  /** Sets a `__u64` or `size_t` member. */
  u64(offset: number, value: bigint): this {
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  /** Sets a pointer to bytes, which are kept alive with the struct; none or undefined leave NULL. */
  pointer(offset: number, bytes: Uint8Array<ArrayBuffer> | undefined): this {
    if (bytes === undefined || bytes.length === 0) return this;
    this.#pointees.push(bytes);
    const pointer = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
    return this.u64(offset, pointer);
  }

  /** Sets a `const char **` member; none or undefined leave NULL. */
  strings(offset: number, values: readonly string[] | undefined): this {
    const texts = (values ?? []).map(cString);
    this.#pointees.push(...texts);
    const pointers = new BigUint64Array(
      texts.map((text) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(text))),
    );
    return this.pointer(offset, new Uint8Array(pointers.buffer));
  }

  /** A `__u32` or `int` member that libbpf has filled in. */
  getU32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** Sets a `const char *` member; undefined leaves NULL. */
  string(offset: number, value: string | undefined): this {
    return this.pointer(offset, value === undefined ? undefined : cString(value));
  }
}
