/**
 * The pieces of generated text that hold names which the maker of an object chose: of types, members,
 * maps, programs and sections, and the path of the file. Each is written as an identifier, a key, a
 * literal or a comment of this file and in no other way, so that no name can become code.
 */

/**
 * A name as TypeScript takes it: `_` for all that it cannot hold, as in `handler.count`, a static, and
 * for `$`, with which the names begin that generated code and the library have for themselves.
 */
export function identifier(text: string): string {
  const name = text.replace(/\W/g, "_");
  return /^\d|^$/.test(name) ? `_${name}` : name;
}

/** A name as the key of an object literal. A plain `__proto__` would set the prototype. */
export function key(name: string): string {
  if (name === "__proto__") return `["__proto__"]`;
  return isPlain(name) ? name : literal(name);
}

/** What reads the member of this name: `.events`, `["ns.on-enter"]`. */
export function access(name: string): string {
  return isPlain(name) ? `.${name}` : `[${literal(name)}]`;
}

/** A string literal. */
export function literal(text: string): string {
  return visible(JSON.stringify(text));
}

/** Text within a comment, and within backticks there: it ends neither, nor its line. */
export function comment(text: string): string {
  return visible(text).replaceAll("*/", "*\\/").replaceAll("`", "'");
}

/** Text that a terminal shows as it is, on one line. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escapeUnits);
}

/**
 * Characters that end a line, move the cursor or reorder a line where the text is shown: control,
 * format, surrogate, private and unassigned ones, and the separators of lines and paragraphs.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

function escapeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }).join("");
}

function isPlain(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name);
}
