import { once } from "../../sys/once.ts";

/**
 * Text that others chose (names of processes, paths, arguments) made safe to show: nothing in it can
 * move the cursor, start a new line, reorder the line or hide. The result is unambiguous:
 *
 * | in the text | shown as |
 * | --- | --- |
 * | newline, tab, carriage return, backslash | `\n` `\t` `\r` `\\` |
 * | another byte that is a control character, or not part of valid UTF-8 | `\x1b` |
 * | another character that is invisible or changes how its neighbours are shown | `\u{202e}` |
 */

/** Printable ASCII, with and without the backslash: nearly all text is, and needs no second look. */
const ASCII = /^[ -~]*$/;
const PLAIN = /^[ -[\]-~]*$/;

/**
 * Characters that a terminal obeys or does not show as themselves: control, format, surrogate, private
 * and unassigned characters, white space other than the space, and invisible letters. Making this
 * pattern takes half a millisecond of a tool's start, hence not before it is needed.
 */
const unsafe = once(() => /[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]--[ ]]/v);

/** What is known of each character up to U+FFFF: it is asked about once, however often it comes. */
const known = once(() => new Uint8Array(0x10000));
const SAFE = 1;
const UNSAFE = 2;

/** Whether a terminal might obey or hide a character. */
export function isUnsafe(point: number): boolean {
  if (point > 0xffff) return unsafe().test(String.fromCodePoint(point));
  return (known()[point] ||= unsafe().test(String.fromCharCode(point)) ? UNSAFE : SAFE) === UNSAFE;
}

const decoder = once(() => new TextDecoder("utf-16le", { ignoreBOM: true }));

/** The most units that an escape has for each of the character's own: three bytes in octal digits have these. */
const LONGEST = 12;

/** This many units of a text are escaped at once. */
const PIECE = 8192;

/** Where they are put together; the last one may be a pair. */
const room = once(() => new Uint16Array(LONGEST * (PIECE + 1)));

/** No character of ASCII besides the control characters. */
const NONE: ReadonlySet<number> = new Set();

/**
 * `text` with each character replaced that a terminal might obey or hide. What a traced program calls itself
 * must not cost more than other text: no character is looked at by a pattern twice, and none becomes a string
 * but by its escape.
 * @param escape of a code point, best {@link remembered}, {@link LONGEST} units for each of its own at most
 * @param also printable characters of ASCII that are to be replaced as well
 */
export function replaceUnsafe(
  text: string,
  escape: (point: number) => string,
  also: ReadonlySet<number> = NONE,
): string {
  if (also === NONE && ASCII.test(text)) return text;
  const units = room();
  let replaced = "";
  for (let at = 0; at < text.length;) {
    const end = Math.min(at + PIECE, text.length);
    let count = 0;
    for (; at < end; at++) {
      const unit = text.charCodeAt(at);
      const isAscii = unit >= 0x20 && unit < 0x7f;
      const point = isAscii ? unit : text.codePointAt(at)!;
      if (isAscii ? also.has(unit) : isUnsafe(point)) {
        const escaped = escape(point);
        for (let i = 0; i < escaped.length; i++) units[count++] = escaped.charCodeAt(i);
      } else {
        units[count++] = unit;
        if (point > 0xffff) units[count++] = text.charCodeAt(at + 1);
      }
      if (point > 0xffff) at++;
    }
    replaced += decoder().decode(units.subarray(0, count)); // no surrogate is left without its other half
  }
  return replaced;
}

/** This many escapes are remembered: a text that is full of them mostly has few different ones. */
const REMEMBERED = 4096;

/** `escape`, which makes each escape once. */
export function remembered(escape: (point: number) => string): (point: number) => string {
  const known = new Map<number, string>();
  return (point) => {
    let escaped = known.get(point);
    if (escaped === undefined) {
      escaped = escape(point);
      if (known.size === REMEMBERED) known.clear();
      known.set(point, escaped);
    }
    return escaped;
  };
}

/** The byte that a code point stands for: ASCII, or what decodeText() makes of a byte that is not UTF-8. */
function byteOf(point: number): number | undefined {
  if (point < 0x80) return point;
  return point >= 0xdc80 && point <= 0xdcff ? point - 0xdc00 : undefined;
}

/** Control characters with an escape of their own, the same in C, JSON and bash. */
export const NAMED: Readonly<Record<number, string>> = { 0x0a: "\\n", 0x09: "\\t", 0x0d: "\\r" };

/**
 * `text` with everything escaped that a terminal might obey or hide.
 *
 * @example
 * ```ts
 * import { escapeText } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escapeText("two\nlines"), "two\\nlines");
 * ```
 */
export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text;
  return replaceUnsafe(text, escapePoint, BACKSLASH);
}

/** Several lines of text, each with everything escaped that a terminal might obey or hide but the backslash. */
export function escapeLines(text: string): string {
  return text.split("\n").map((line) => replaceUnsafe(line, escapePoint)).join("\n");
}

/**
 * `text` in double quotes, for a message.
 *
 * @example
 * ```ts
 * import { quoted } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quoted("a file"), '"a file"');
 * ```
 */
export function quoted(text: string): string {
  return `"${escapeText(text)}"`;
}

const BACKSLASH: ReadonlySet<number> = new Set([0x5c]);

/** What {@link escapeText} writes for a character that it replaces. */
export const escapePoint = remembered((point) => {
  if (point === 0x5c) return "\\\\";
  const byte = byteOf(point);
  if (byte === undefined) return `\\u{${point.toString(16)}}`;
  return NAMED[byte] ?? `\\x${byte.toString(16).padStart(2, "0")}`;
});
