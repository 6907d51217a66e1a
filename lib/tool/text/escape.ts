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
 * Stretches that are not printable ASCII, with what little of that is between them. One character beyond
 * Latin-1 makes the pattern below slow for all of its text, so that it is asked about these stretches alone:
 * one odd byte in a long argument must not cost more than the others.
 */
const ODD = /(?:[^ -~]+[ -~]{0,15})+/g;

/**
 * Characters that a terminal obeys or does not show as themselves: control, format, surrogate, private
 * and unassigned characters, white space other than the space, and invisible letters. Making this
 * pattern takes half a millisecond of a tool's start, hence not before it is needed.
 */
const unsafe = once(() => /[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]--[ ]]/gv);

/** `text` with each character replaced that a terminal might obey or hide. */
export function replaceUnsafe(text: string, replace: (character: string) => string): string {
  if (ASCII.test(text)) return text;
  return text.replace(ODD, (stretch) => stretch.replace(unsafe(), replace));
}

/** Control characters with an escape of their own, the same in C, JSON and bash. */
export const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

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
  return replaceUnsafe(text.replaceAll("\\", "\\\\"), escapeCharacter);
}

/** Several lines of text, each with everything escaped that a terminal might obey or hide but the backslash. */
export function escapeLines(text: string): string {
  return text.split("\n").map((line) => replaceUnsafe(line, escapeCharacter)).join("\n");
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

/** Each byte's escape, made once: a text may be nothing but them. */
const bytes = once(() =>
  Array.from(
    { length: 0x100 },
    (_, byte) => NAMED[String.fromCharCode(byte)] ?? `\\x${byte.toString(16).padStart(2, "0")}`,
  )
);

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  // decodeText() turns a byte 0x80 to 0xff that is not UTF-8 into U+DC80 to U+DCFF.
  const byte = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code;
  return code < 0x80 || byte !== code ? bytes()[byte] : `\\u{${code.toString(16)}}`;
}
