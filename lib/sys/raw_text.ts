import { decodeText } from "./text.ts";

const NOTHING = new Uint8Array();

/**
 * Text where it lies in memory: decoded only if somebody asks for it as a string. Like an event view it
 * is one object that is moved from text to text, good until the next event is read.
 *
 * @example
 * ```ts
 * import { RawText } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("bash\0old");
 * assertEquals(String(new RawText().place(bytes, 0, bytes.length)), "bash");
 * ```
 */
export class RawText {
  /** The memory that it lies in. */
  bytes: Uint8Array = NOTHING;
  /** Where it begins. */
  start = 0;
  /** Where its memory ends; the text may end before, at a NUL. */
  end = 0;

  /** Moves it to `bytes[start, end)`. */
  place(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    return this;
  }

  /** Itself, or undefined if it is empty. */
  get some(): this | undefined {
    return this.start < this.end && this.bytes[this.start] !== 0 ? this : undefined;
  }

  /** Decodes it. */
  toString(): string {
    return decodeText(this.bytes, this.start, this.end);
  }
}
