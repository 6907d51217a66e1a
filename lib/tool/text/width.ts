/** How many columns of a terminal a text takes. */
import { once } from "../../sys/once.ts";

/** Text of one column a character: printable ASCII. */
const NARROW = /^[ -~]*$/;

/** Characters that are drawn over or into the one before them: marks, and jamo inside a syllable. */
const combining = once(() => /^[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]$/u);

/**
 * Characters of two columns: East_Asian_Width W or F of Unicode's annex 11. Emoji_Presentation holds
 * the emoji among them; of its characters only the regional indicators are narrow.
 */
const wide = once(() =>
  new RegExp(
    "^[" +
      "\\u1100-\\u115f\\u2329\\u232a\\u2e80-\\u303e\\u3041-\\ua4cf\\ua960-\\ua97c\\uac00-\\ud7a3" +
      "\\uf900-\\ufaff\\ufe10-\\ufe19\\ufe30-\\ufe6b\\uff01-\\uff60\\uffe0-\\uffe6" +
      "\\u{16fe0}-\\u{1b2fb}\\u{1f200}-\\u{1f265}\\u{20000}-\\u{3fffd}" +
      "[\\p{Emoji_Presentation}--[\\u{1f1e6}-\\u{1f1ff}]]" +
      "]$",
    "v",
  )
);

/** The columns that `text`, which holds no control characters, takes on a terminal. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** `text` filled up with spaces to `width` columns; longer text stays as it is. */
export function pad(text: string, width: number, align: "left" | "right"): string {
  const missing = width - displayWidth(text);
  if (missing <= 0) return text;
  return align === "left" ? text + " ".repeat(missing) : " ".repeat(missing) + text;
}

/** Shows that text goes on. */
const MARK = "…";

/** `text` cut to at most `width` columns, with a mark where something was cut. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (NARROW.test(text)) return text.slice(0, width - 1) + MARK;
  let kept = "";
  let room = width - 1;
  for (const character of text) {
    room -= characterWidth(character);
    if (room < 0) break;
    kept += character;
  }
  return kept + MARK;
}

function characterWidth(character: string): number {
  if (character <= "~") return 1;
  if (combining().test(character)) return 0;
  return wide().test(character) ? 2 : 1;
}
