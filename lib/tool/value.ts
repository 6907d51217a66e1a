/** Parsers for the values of options. */
import { userId } from "../sys/users.ts";
import { ExitCode, ExitError } from "./exit.ts";
import type { Parser } from "./option.ts";
import { requirePermissions } from "./permissions.ts";
import { quoted } from "./escape.ts";

/** A value that an option does not accept. The message reads on from the option's name. */
export class ValueError extends Error {
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

/** Any text. */
export const text: Parser<string> = (text) => text;

/** A whole number, both limits included. */
export function integer(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new ValueError(`${quoted(text)} is not a whole number from ${min} to ${max}`);
  };
}

/** A number that may have a fraction, both limits included. */
export function decimal(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new ValueError(`${quoted(text)} is not a number from ${min} to ${max}`);
  };
}

/** One of the given words. */
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

/** A user by id or by name: the id. */
export const user: Parser<number> = (text) => {
  if (/^\d+$/.test(text)) return integer(0, MAX_UID)(text);
  requirePermissions(); // the look-up calls libc, and options are read before anything else does
  const id = userId(text);
  if (id !== undefined) return id;
  throw new ValueError(`no user is called ${quoted(text)}; a name or an id is accepted`);
};
