import { type ByteOutput, Constant } from "../../text/bytes.ts";
import { csvWords } from "../../text/csv_cell.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { shellQuote } from "../../text/quote.ts";
import { plainWords, RawWords, type Words } from "../../text/words.ts";
import type { Kind, Look, Writer } from "./kind.ts";

/** How a table shows words. */
export interface WordsLook extends Look {
  /**
   * `shell`: as a shell takes them. `lines`: each on a line of its own, as the frames of a stack are; in
   * the last column. Left out: a space between two.
   */
  readonly as?: "shell" | "lines";
}

/** Words, such as the arguments of a command. */
export const wordsKind: Kind<Words, WordsLook> = {
  name: "words",
  schema: { type: ["array", "null"], items: { type: "string" } },
  table({ as }) {
    if (as === "lines") {
      return (words, out) => out.string(plainWords(words).map(escapeText).join("\n"));
    }
    if (as === "shell") {
      return (words, out) => out.string(plainWords(words).map(shellQuote).join(" "));
    }
    return (words, out) => {
      const start = out.length;
      if (quickWords(words, out)) return;
      out.cut(start);
      out.string(escapeText(plainWords(words).join(" ")));
    };
  },
  json: jsonList,
  csv: () => (words, out) => out.string(csvWords(plainWords(words))),
  text: (words) => plainWords(words).join(" "),
  compare: (wanted) => ({ equals: (words) => plainWords(words).includes(wanted) }),
  key: (words) => plainWords(words).join(" "),
  keep: plainWords,
};

const SPACE = 0x20;
const QUOTE = 0x22;

/** Writes words if all are plain. @returns whether they were; if not, something may have been written */
function quickWords(words: Words, out: ByteOutput): boolean {
  let first = true;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word instanceof RawWords && word.start === word.end) continue;
    if (!first) out.code(SPACE);
    first = false;
    if (!(word instanceof RawWords ? out.words(word) : out.plain(word, true))) return false;
  }
  return true;
}

const BETWEEN = new Constant('","');
const LAST = new Constant('"]');
const EMPTY = new Constant("]");

function jsonList(before: string): Writer<Words> {
  const start = new Constant(before + "[");
  return (words, out) => {
    const { length } = out;
    out.constant(start);
    if (quickList(words, out)) return;
    out.cut(length);
    out.string(before + jsonText(plainWords(words)));
  };
}

/** Writes a list of JSON, without its opening bracket, if all words are plain. */
function quickList(words: Words, out: ByteOutput): boolean {
  let before = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word instanceof RawWords && word.start === word.end) continue;
    if (before++ > 0) out.constant(BETWEEN);
    else out.code(QUOTE);
    const plain = word instanceof RawWords ? out.list(word, BETWEEN) : out.plain(word, false);
    if (!plain) return false;
  }
  out.constant(before > 0 ? LAST : EMPTY);
  return true;
}
