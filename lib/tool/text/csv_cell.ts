/** Cells of CSV after RFC 4180, safe to be opened with a spreadsheet. */
import { escapeText } from "./escape.ts";
import { shellQuote } from "./quote.ts";

/** Whether a spreadsheet takes this first character for the start of a formula. */
export function isFormula(code: number): boolean {
  return code === 0x3d || code === 0x2b || code === 0x2d || code === 0x40; // =+-@
}

/** Text as a cell: escaped as in tables, its first character as well if it could begin a formula. */
export function csvCell(text: string): string {
  const escaped = escapeText(text);
  const first = escaped.charCodeAt(0);
  return quotedCell(
    isFormula(first) ? `\\x${first.toString(16)}${escaped.slice(1)}` : escaped,
  );
}

/** Words as a cell: quoted as a shell takes them. */
export function csvWords(words: readonly string[]): string {
  const text = words.map(shellQuote).join(" ");
  return quotedCell(isFormula(text.charCodeAt(0)) ? "\\" + text : text);
}

/** A cell in quotes where RFC 4180 asks for them. */
export function quotedCell(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
