/**
 * Text as the kernel holds it: bytes that are usually UTF-8 and need not be.
 *
 * A byte that is not part of valid UTF-8 becomes a lone surrogate, U+DC80 for 0x80 to U+DCFF for
 * 0xff (Python's "surrogateescape", PEP 383). Nothing is lost: {@link encodeText} gives the very bytes
 * back, and no valid text is ever mistaken for them, since UTF-8 cannot hold a lone surrogate.
 */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** What the decoder has for bytes that are not UTF-8; a valid text may have it as well. */
const REPLACEMENT = "\ufffd";

/** Where a byte that is not UTF-8 goes: 0x80 becomes U+DC80. */
export const ESCAPE = 0xdc00;

/** This many code units become a string at once: they are handed over on the stack. */
const UNITS = 8192;

/** Short fields (a comm, an errno) are mostly ASCII: building their text beats a call to decode it. */
const SHORT = 24;

/**
 * The text in `bytes[start, end)`, cut at the first NUL. Any bytes are text, up to the longest string that
 * there can be (512 MiB).
 *
 * @example
 * ```ts
 * import { decodeText } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const comm = new TextEncoder().encode("bash\0old");
 * assertEquals(decodeText(comm, 0, comm.length), "bash");
 * ```
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT) return decodeLong(bytes, start, end);
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === 0) break;
    if (!(byte < 0x80)) return decodeLong(bytes, start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

function decodeLong(bytes: Uint8Array, start: number, end: number): string {
  const field = bytes.subarray(start, end);
  const stop = field.indexOf(0);
  const part = stop < 0 ? field : field.subarray(0, stop);
  const text = decoder.decode(part);
  return text.includes(REPLACEMENT) ? escapeInvalid(part) : text;
}

/**
 * The bytes that {@link decodeText} read: escaped bytes come back as they were.
 *
 * @example
 * ```ts
 * import { decodeText, encodeText } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = Uint8Array.of(0x2f, 0xff); // not UTF-8
 * assertEquals(encodeText(decodeText(bytes, 0, 2)), bytes);
 * ```
 */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  if (text.isWellFormed()) return encoder.encode(text) as Uint8Array<ArrayBuffer>;
  const bytes = new Uint8Array(3 * text.length);
  let size = 0;
  let valid = 0; // where the text begins that is not written yet
  const write = (end: number) => {
    size += encoder.encodeInto(text.slice(valid, end), bytes.subarray(size)).written;
  };
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at)!;
    if (code >= 0x10000) at++; // a pair of surrogates
    if (code < ESCAPE + 0x80 || code > ESCAPE + 0xff) continue;
    write(at);
    bytes[size++] = code - ESCAPE;
    valid = at + 1;
  }
  write(text.length);
  return bytes.slice(0, size);
}

/**
 * Walks bytes that are not valid UTF-8: whole sequences are decoded, every other byte is escaped. What a
 * traced program calls itself must not cost more than other text, so there is no call for each character
 * and the string is a flat one: `+=` would make a node of a tree for each.
 */
function escapeInvalid(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.length);
  let count = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at, bytes.length);
    if (length === 0) units[count++] = ESCAPE + bytes[at++];
    else if (length === 1) units[count++] = bytes[at++];
    else {
      const point = codePoint(bytes, at, length);
      at += length;
      if (point < 0x10000) units[count++] = point;
      else {
        units[count++] = 0xd800 + ((point - 0x10000) >>> 10);
        units[count++] = 0xdc00 + (point & 0x3ff);
      }
    }
  }
  return textOf(units.subarray(0, count));
}

/** The code point of the valid sequence of two bytes or more at `at`. */
export function codePoint(bytes: Uint8Array, at: number, length: number): number {
  let point = bytes[at] & (0x7f >>> length);
  for (let i = 1; i < length; i++) point = point << 6 | bytes[at + i] & 0x3f;
  return point;
}

/** The string of these code units, as one piece. */
function textOf(units: Uint16Array): string {
  const parts: string[] = [];
  for (let at = 0; at < units.length; at += UNITS) {
    // Typed arrays are array-like, which the declaration does not know.
    const part = units.subarray(at, at + UNITS) as unknown as number[];
    parts.push(String.fromCharCode.apply(null, part));
  }
  return parts.length === 1 ? parts[0] : parts.join("");
}

/**
 * The length of the valid UTF-8 sequence at `at`, before `end`, or 0. Table 3-7 of the Unicode standard: the second
 * byte's range depends on the first, which keeps out surrogates and overlong forms.
 */
export function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first <= 0xdf
    ? 2
    : first >= 0xe0 && first <= 0xef
    ? 3
    : first >= 0xf0 && first <= 0xf4
    ? 4
    : 0;
  if (length === 0 || at + length > end) return 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (bytes[at + 1] < low || bytes[at + 1] > high) return 0;
  for (let i = 2; i < length; i++) {
    if (bytes[at + i] < 0x80 || bytes[at + i] > 0xbf) return 0;
  }
  return length;
}

/** Bytes as hexadecimal digits, two each. */
export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
