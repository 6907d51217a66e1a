import { encodeText } from "../../sys/text.ts";
import { NAMED, remembered, replaceUnsafe } from "./escape.ts";

/** Words that are nothing but themselves to a shell. */
const SAFE = /^[\w@%+=:,./-]+$/;

/** What would set a variable if it came first. */
const ASSIGNMENT = /^\w+\+?=/;

/**
 * `argument` as a word of a bash command line: as it is where that is safe, in '...' otherwise, and in
 * $'...' where it has characters that a terminal must not see or bytes that are not UTF-8. Pasted
 * into bash, the word gives the same bytes.
 *
 * @example
 * ```ts
 * import { shellQuote } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(["-c", "echo $HOME"].map(shellQuote).join(" "), "-c 'echo $HOME'");
 * ```
 */
export function shellQuote(argument: string): string {
  if (SAFE.test(argument) && !ASSIGNMENT.test(argument)) return argument;
  if (replaceUnsafe(argument, () => "") === argument) {
    return `'${argument.replaceAll("'", `'\\''`)}'`;
  }
  return `$'${replaceUnsafe(argument, escapePoint, SPECIAL)}'`;
}

/** "QUOTING" in bash(1). To an interactive bash an exclamation mark stands for a line of the history. */
const SPECIAL: ReadonlySet<number> = new Set([..."\\'!"].map((char) => char.charCodeAt(0)));

/** Three digits for each byte: an escape of fixed length cannot run into a digit that follows it. */
const escapePoint = remembered((point) =>
  NAMED[point] ??
    Array.from(
      encodeText(String.fromCodePoint(point)),
      (byte) => "\\" + byte.toString(8).padStart(3, "0"),
    ).join("")
);
