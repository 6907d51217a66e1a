/** Parsers for the values of options. */
import { userId } from "../sys/users.ts";
import type { Parser } from "./option.ts";
import { requirePermissions } from "./permissions.ts";
import { quoted } from "./escape.ts";

/** A value that an option does not accept. The message reads on from the option's name. */
export class ValueError extends Error {
  override readonly name = "ValueError";
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
  return (text) => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    throw new ValueError(`${quoted(text)} is not one of ${words.join(", ")}`);
  };
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
