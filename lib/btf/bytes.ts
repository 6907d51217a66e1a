/**
 * A stretch of memory with the two views that decoding needs. Making a view costs more than reading
 * through it, so both are made once for a buffer and handed around together.
 *
 * @example
 * ```ts
 * import { type Codec, decodeAll } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * // A port as the network has it, the high byte first.
 * const port: Codec<number> = {
 *   name: "port",
 *   size: 2,
 *   decode: (from, at) => from.view.getUint16(at),
 *   encode: (into, at, value) => into.view.setUint16(at, value),
 * };
 * assertEquals(decodeAll(port, Uint8Array.of(0x1f, 0x90)), 8080);
 * ```
 */
export class Bytes {
  /** The bytes. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** The same memory, for numbers. */
  readonly view: DataView<ArrayBuffer>;

  /**
   * Makes both views of memory, which is not copied.
   * @param bytes memory, which is not copied
   */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.u8 = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Zeroed memory of `size` bytes. */
  static zeroed(size: number): Bytes {
    return new Bytes(new Uint8Array(size));
  }
}
