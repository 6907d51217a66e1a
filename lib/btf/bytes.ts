/**
 * A stretch of memory with the two views that decoding needs. Making a view costs more than reading
 * through it, so both are made once for a buffer and handed around together.
 */
export class Bytes {
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.u8 = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Zeroed memory of `size` bytes. */
  static zeroed(size: number): Bytes {
    return new Bytes(new Uint8Array(size));
  }
}
