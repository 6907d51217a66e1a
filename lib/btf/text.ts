/**
 * Text as the kernel holds it: bytes that are usually UTF-8 and need not be.
 *
 * A byte that is not part of valid UTF-8 becomes a lone surrogate, U+DC80 for 0x80 to U+DCFF for
 * 0xff (Python's "surrogateescape", PEP 383). Nothing is lost: {@link encodeText} gives the very bytes
 * back, and no valid text is ever mistaken for them, since UTF-8 cannot hold a lone surrogate.
 */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Short fields (a comm, an errno) are mostly ASCII: building their text beats a call to decode it. */
const SHORT = 24;

/**
 * The text in `bytes[start, end)`, cut at the first NUL. Never throws.
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
  const stop = bytes.indexOf(0, start);
  const part = bytes.subarray(start, stop >= 0 && stop < end ? stop : end);
  try {
    return strict.decode(part);
  } catch {
    return escapeInvalid(part);
  }
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
  const bytes: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00);
    else bytes.push(...encoder.encode(char));
  }
  return Uint8Array.from(bytes);
}

/** Walks bytes that are not valid UTF-8: whole sequences are decoded, every other byte is escaped. */
function escapeInvalid(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + bytes[at]);
      at += 1;
    } else {
      text += strict.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return text;
}

/**
 * The length of the valid UTF-8 sequence at `at`, or 0. Table 3-7 of the Unicode standard: the second
 * byte's range depends on the first, which keeps out surrogates and overlong forms.
 */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first <= 0xdf
    ? 2
    : first >= 0xe0 && first <= 0xef
    ? 3
    : first >= 0xf0 && first <= 0xf4
    ? 4
    : 0;
  if (length === 0 || at + length > bytes.length) return 0;
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
