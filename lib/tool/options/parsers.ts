/** Parsers for the values of options. */
import { userId } from "../../sys/users.ts";
import { ExitCode, ExitError } from "../exit.ts";
import type { Parser } from "./declarations.ts";
import { requirePermissions } from "../permissions.ts";
import { quoted } from "../escape.ts";

/**
 * A value that an option does not accept. The message reads on from the option's name.
 *
 * @example
 * ```ts
 * import { option, type Parser, ValueError } from "@denobpf/denobpf/tool";
 *
 * const even: Parser<number> = (text) => {
 *   if (/^\d*[02468]$/.test(text)) return Number(text);
 *   throw new ValueError(`${text} is not an even number`);
 * };
 * const options = { pages: option("", "N", "Size of the ring", even, 64) };
 * ```
 */
export class ValueError extends Error {
  /** The name of its class. */
  override readonly name = "ValueError";
}

/**
 * Reads the value of an option that can be understood only once the tool's fields are known.
 * @throws {ExitError} (64) for the ValueError of `read`
 */
export function reading<T>(option: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new ExitError(ExitCode.Usage, `--${option}: ${error.message}`);
  }
}

/**
 * Any text.
 *
 * @example
 * ```ts
 * import { option, text } from "@denobpf/denobpf/tool";
 *
 * const options = { line: option("l", "TEXT", "Show lines with this text", text) };
 * ```
 */
export const text: Parser<string> = (text): string => text;

/**
 * A whole number, both limits included.
 *
 * @example
 * ```ts
 * import { integer, ValueError } from "@denobpf/denobpf/tool";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(integer(1, 60)("20"), 20);
 * assertThrows(() => integer(1, 60)("61"), ValueError);
 * ```
 */
export function integer(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new ValueError(`${quoted(text)} is not a whole number from ${min} to ${max}`);
  };
}

/**
 * A number that may have a fraction, both limits included.
 *
 * @example
 * ```ts
 * import { decimal } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decimal(0, 10)("2.5"), 2.5);
 * ```
 */
export function decimal(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new ValueError(`${quoted(text)} is not a number from ${min} to ${max}`);
  };
}

/**
 * One of the given words.
 *
 * @example
 * ```ts
 * import { choice } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(choice("ipv4", "ipv6")("ipv6"), "ipv6");
 * ```
 */
export function choice<const T extends string>(...words: readonly T[]): Parser<T> {
  const parse = (text: string) => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    throw new ValueError(`${quoted(text)} is not one of ${words.join(", ")}`);
  };
  return Object.assign(parse, { choices: words });
}

/** The highest user id; the one above it, (uid_t) -1, means "none" to the kernel. */
const MAX_UID = 0xffff_fffe;

/**
 * A user by id or by name: the id.
 *
 * @example
 * ```ts
 * import { user } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(user("root"), 0);
 * ```
 */
export const user: Parser<number> = (text): number => {
  if (/^\d+$/.test(text)) return integer(0, MAX_UID)(text);
  requirePermissions(); // the look-up calls libc, and options are read before anything else does
  const id = userId(text);
  if (id !== undefined) return id;
  throw new ValueError(`no user is called ${quoted(text)}; a name or an id is accepted`);
};
