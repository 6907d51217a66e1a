/**
 * Text and words as fields give them: strings, or where they lie in a record. Outputs that write bytes
 * copy the latter as they are; all others ask for plain strings.
 */
import { RawText } from "../../sys/raw_text.ts";
import { decodeStrings } from "./strings.ts";

/** Text as a field gives it. */
export type Text = string | RawText;

/** Single words, and runs of words that lie behind each other. */
export type Words = readonly (Text | RawWords)[];

/** What has the members of an event `E`, its texts not decoded yet. An `E` is one too. */
export type Lazy<E> = { readonly [Name in keyof E]: LazyMember<E[Name]> };

/** A member of {@link Lazy}. */
export type LazyMember<T> = T extends readonly string[] ? Words : T extends string ? Text : T;

/** More words than any memory holds. */
const ANY = 2 ** 30;

/**
 * Words where they lie in memory, a NUL behind each; the last one may have been cut before it.
 *
 * @example
 * ```ts
 * import { RawWords } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("ls\0-l\0");
 * assertEquals(new RawWords().place(bytes, 0, bytes.length).strings(), ["ls", "-l"]);
 * ```
 */
export class RawWords extends RawText {
  /** How many of them count at most, one or more; what lies behind is left out. */
  most: number = ANY;
  /** A word that stands for those that are left out; none if it is empty. */
  more = "";

  /** Moves it on behind its first word. */
  dropFirst(): this {
    const { bytes, end } = this;
    let at = this.start;
    while (at < end && bytes[at] !== 0) at++;
    return this.place(bytes, Math.min(at + 1, end), end);
  }

  /** Decodes them. */
  strings(): string[] {
    const strings = decodeStrings(this.bytes, this.start, this.end, this.most);
    return this.more !== "" && this.cut ? [...strings, this.more] : strings;
  }

  /** Whether some are left out. */
  get cut(): boolean {
    const { bytes, start, end, most } = this;
    let words = 0;
    // The last byte ends a word, whether it is a NUL or not.
    for (let at = start; at < end - 1; at++) if (bytes[at] === 0 && ++words === most) return true;
    return false;
  }
}

/**
 * The strings.
 *
 * @example
 * ```ts
 * import { plainWords } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(plainWords(["ls", "-l"]), ["ls", "-l"]);
 * ```
 */
export function plainWords(words: Words): readonly string[] {
  return words.flatMap((word) => word instanceof RawWords ? word.strings() : String(word));
}
