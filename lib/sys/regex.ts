/**
 * Regular expressions of libc: the extended ones of POSIX, regex(7), as `grep -E` takes them.
 *
 * JavaScript's own would not do for text that others chose: `(a+)+$` takes it longer than anybody waits
 * on forty characters, and nothing can interrupt it. libc's matcher follows all possibilities at once.
 */
import { cString, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";

const regex = symbolGroup(libc, {
  // int regcomp(regex_t *preg, const char *pattern, int cflags)
  regcomp: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
  // int regexec(const regex_t *preg, const char *string, size_t nmatch, regmatch_t pmatch[], int eflags)
  regexec: { parameters: ["buffer", "buffer", "usize", "pointer", "i32"], result: "i32" },
  // size_t regerror(int errcode, const regex_t *preg, char *errbuf, size_t errbuf_size)
  regerror: { parameters: ["i32", "buffer", "buffer", "usize"], result: "usize" },
  // void regfree(regex_t *preg)
  regfree: { parameters: ["buffer"], result: "void" },
});

/** From glibc's regex.h. */
const REG_EXTENDED = 1;
const REG_NOSUB = 8;

/** `regex_t` in glibc, the same on x86-64 and arm64. */
const SIZEOF_REGEX = 64;

/**
 * libc keeps each set of possibilities that it meets, 2 KiB or more. Patterns such as `x.{20}y` and a text
 * made for the purpose have a new one at every byte, so they are thrown away after this many bytes.
 */
const KEEP_BYTES = 8192;

/** What others know and regex(7) does not: taken as it is, it would match something else. */
const FOREIGN: readonly (readonly [pattern: RegExp, message: string])[] = [
  [/\\[dD]/, "\\d is not known, write [0-9]"],
  [/\\[1-9]/, "a reference such as \\1 is not known"],
  [/\(\?/, "(? is not known"],
];

/**
 * Makes a test whether a text has a match of `pattern`. The text is given as its bytes and a NUL. What
 * libc allocates for a pattern is kept until the process ends: tools have a few of them.
 * @throws {SyntaxError} that says what is wrong with the pattern
 */
export function regularExpression(pattern: string): (text: Uint8Array<ArrayBuffer>) => boolean {
  const unescaped = pattern.replaceAll("\\\\", "");
  for (const [foreign, message] of FOREIGN) {
    if (foreign.test(unescaped)) throw new SyntaxError(message);
  }
  // By itself first, so that what is wrong is reported of the pattern as it was given.
  regex().regfree(compile(pattern));
  if (closesTooMuch(pattern)) throw new SyntaxError("Unmatched ), write \\)");
  // Without the anchor libc tries again from each character: quadratic time.
  const anchored = `^.*(${pattern})`;
  let compiled = compile(anchored);
  let seen = 0;
  return (text) => {
    if (text.at(-1) !== 0) throw new TypeError("The text has no NUL at its end");
    if (seen > KEEP_BYTES) {
      regex().regfree(compiled);
      compiled = compile(anchored);
      seen = 0;
    }
    seen += text.length;
    return regex().regexec(compiled, text, 0n, null, 0) === 0;
  };
}

/** FFI: what regcomp allocates is freed by regfree. */
function compile(pattern: string): Uint8Array<ArrayBuffer> {
  const compiled = new Uint8Array(SIZEOF_REGEX);
  const error = regex().regcomp(compiled, cString(pattern), REG_EXTENDED | REG_NOSUB);
  if (error === 0) return compiled;
  const message = new Uint8Array(128);
  regex().regerror(error, compiled, message, BigInt(message.length));
  throw new SyntaxError(new TextDecoder().decode(message.subarray(0, message.indexOf(0))));
}

/** libc takes a parenthesis that closes nothing for itself; within the anchored group it would close that. */
function closesTooMuch(pattern: string): boolean {
  let depth = 0;
  for (const [part] of pattern.matchAll(/\\.|\[\^?\]?(?:\[:\w+:\]|[^\]])*\]|[()]/gs)) {
    if (part === "(") depth++;
    if (part === ")" && --depth < 0) return true;
  }
  return false;
}
