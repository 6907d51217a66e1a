import { integer, u32, u64 } from "../sys/integers.ts";
import { cString } from "../sys/libc.ts";

/** A struct's size, and the offsets of its members by their names, all in bytes. */
export type Layout = { readonly size: number } & Readonly<Record<string, number>>;

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

  readonly #layout: Layout;

  /** Makes a struct of which all but its size is zero. */
  constructor(layout: Layout) {
    this.#layout = layout;
    this.bytes = new Uint8Array(layout.size);
    this.#view = new DataView(this.bytes.buffer);
    this.#view.setBigUint64(0, BigInt(layout.size), true);
  }

  /**
   * Sets a `__u32` or `enum` member.
   * @throws {RangeError} if it is none
   */
  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, u32(value, this.#name(offset)), true);
    return this;
  }

  /**
   * Sets an `int` member.
   * @throws {RangeError} if it is none
   */
  s32(offset: number, value: number): this {
    this.#view.setInt32(offset, integer("i32", value, this.#name(offset)), true);
    return this;
  }

  /** Sets a `bool` member. */
  bool(offset: number, value: boolean): this {
    this.#view.setUint8(offset, value ? 1 : 0);
    return this;
  }

  /**
   * Sets a `__u64` or `size_t` member.
   * @throws {RangeError} if it is none
   */
  u64(offset: number, value: number | bigint): this {
    this.#view.setBigUint64(offset, u64(value, this.#name(offset)), true);
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

  /** The name of the member at `offset`, for errors. */
  #name(offset: number): string {
    return Object.entries(this.#layout).find(([, at]) => at === offset)?.[0] ?? `offset ${offset}`;
  }
}
