/**
 * How a tool declares its options and operands. The key of an option is its long name: `max_args` is
 * `--max-args`.
 */

/** Reads the text of a value. */
export interface Parser<T> {
  /** @throws {ValueError} that says what is wrong with the text and what is accepted */
  (text: string): T;
  /** All that is accepted, if that is a handful of words. */
  readonly choices?: readonly string[];
}

/** What all options have. */
export interface AnyOption {
  /** Its one letter, or "" if it has only its long name. */
  readonly letter: string;
  /** Another long name, as it is typed: the one that the C tool has, `duration`. */
  readonly alias?: string;
  /** What it does, in one line, for the help. */
  readonly brief: string;
}

/** What has a value. */
export interface Valued<T> {
  /** What stands for the value in the help: `UID|NAME`. */
  readonly placeholder: string;
  /** Reads the value. */
  readonly parse: Parser<T>;
}

/** An option without a value: off, or on when it is given. */
export interface Flag extends AnyOption {
  /** That it is an option without a value. */
  readonly kind: "flag";
  /** The option that is meant when the flag is given a number: `--top 5` of the C tools. */
  readonly number?: string;
}

/** An option with a value. Given twice, the last one counts, as with getopt(3). */
export interface ValueOption<T, Default> extends AnyOption, Valued<T> {
  /** That it is an option with a value. */
  readonly kind: "value";
  /** What it is when it is not given. */
  readonly default: Default;
}

/** An option that may be given several times, each time with a value or several. */
export interface ListOption<T> extends AnyOption, Valued<T> {
  /** That it is an option that may be given several times. */
  readonly kind: "list";
  /** Whether a comma parts two values: `-p 1,2` is `-p 1 -p 2`. */
  readonly commas: boolean;
}

/** A word besides options, in its place: `INTERVAL`. */
export interface Operand<T, Default> extends Valued<T> {
  /** That it is a word besides options, and whether it may be left out. */
  readonly kind: "operand" | "optional";
  /** What it is for, in one line, for the help. */
  readonly brief: string;
  /** What it is when it is not given. */
  readonly default: Default;
}

/** All further words besides options. */
export interface RestOperands<T> extends Valued<T> {
  /** That it is all further words. */
  readonly kind: "rest";
  /** What they are for, in one line, for the help. */
  readonly brief: string;
}

/** Options by their names, which are in snake_case. */
export type Declarations = Readonly<
  Record<string, Flag | ValueOption<unknown, unknown> | ListOption<unknown>>
>;

/** Operands by their names, in their order: those that must be there, those that may be, the rest. */
export type Operands = Readonly<Record<string, Operand<unknown, unknown> | RestOperands<unknown>>>;

/** Options and operands alike. */
export type Declared = Readonly<Record<string, Declarations[string] | Operands[string]>>;

/** The values that declared options and operands take: `OptionsOf<typeof options>`. */
export type OptionsOf<D extends Declared> = { readonly [Name in keyof D]: ValueOf<D[Name]> };

/** The value that a declared option or operand takes. */
export type ValueOf<Declaration> = Declaration extends Flag ? boolean
  : Declaration extends ListOption<infer T> | RestOperands<infer T> ? readonly T[]
  : Declaration extends ValueOption<infer T, infer Default> | Operand<infer T, infer Default>
    ? T | Default
  : never;

/**
 * Declares an option without a value: `flag("x", "Include failed exec()s")`.
 *
 * @example
 * ```ts
 * import { flag } from "@denobpf/denobpf/tool";
 *
 * const options = { fails: flag("x", "Include failed exec()s") }; // -x, --fails
 * ```
 */
export function flag(letter: string, brief: string): Flag {
  return { kind: "flag", letter, brief };
}

/**
 * Declares an option with a value: `option("u", "UID|NAME", "Trace this user only", user)`.
 * Without a default it is undefined when it is not given.
 *
 * @example
 * ```ts
 * import { option, user } from "@denobpf/denobpf/tool";
 *
 * const options = { uid: option("u", "UID|NAME", "Trace this user only", user) };
 * ```
 */
export function option<T>(
  letter: string,
  placeholder: string,
  brief: string,
  parse: Parser<T>,
): ValueOption<T, undefined>;
/** The same with a value that it has if it is not given. */
export function option<T>(
  letter: string,
  placeholder: string,
  brief: string,
  parse: Parser<T>,
  fallback: T,
): ValueOption<T, T>;
export function option<T>(
  letter: string,
  placeholder: string,
  brief: string,
  parse: Parser<T>,
  fallback?: T,
): ValueOption<T, T | undefined> {
  return { kind: "value", letter, placeholder, brief, parse, default: fallback };
}

/**
 * Declares an option for several values, `-p 1 -p 2` or `-p 1,2`. For one whose values have commas of
 * their own, `{ ...list(...), commas: false }`.
 *
 * @example
 * ```ts
 * import { list, pid } from "@denobpf/denobpf/tool";
 *
 * const options = { pid: list("p", "PID,...", "Trace these processes only", pid) };
 * ```
 */
export function list<T>(
  letter: string,
  placeholder: string,
  brief: string,
  parse: Parser<T>,
): ListOption<T> {
  return { kind: "list", letter, placeholder, brief, parse, commas: true };
}

/**
 * Declares a word that must be there: `operand("MAP", "Its id or name", text)`.
 *
 * @example
 * ```ts
 * import { operand, text } from "@denobpf/denobpf/tool";
 *
 * const operands = { pattern: operand("PATTERN", "The functions to count", text) };
 * ```
 */
export function operand<T>(
  placeholder: string,
  brief: string,
  parse: Parser<T>,
): Operand<T, never> {
  return { kind: "operand", placeholder, brief, parse, default: undefined as never };
}

/**
 * Declares a word that may be there: it is undefined if it is not and has no default.
 *
 * @example
 * ```ts
 * import { count, optional, seconds } from "@denobpf/denobpf/tool";
 *
 * const operands = { // [INTERVAL [COUNT]]
 *   interval: optional("INTERVAL", "Print a table every INTERVAL seconds", seconds),
 *   count: optional("COUNT", "Stop after COUNT tables", count),
 * };
 * ```
 */
export function optional<T>(
  placeholder: string,
  brief: string,
  parse: Parser<T>,
): Operand<T, undefined>;
/** The same with a value that it has if it is not given. */
export function optional<T>(
  placeholder: string,
  brief: string,
  parse: Parser<T>,
  fallback: T,
): Operand<T, T>;
export function optional<T>(
  placeholder: string,
  brief: string,
  parse: Parser<T>,
  fallback?: T,
): Operand<T, T | undefined> {
  return { kind: "optional", placeholder, brief, parse, default: fallback };
}

/**
 * Declares all further words, of which there may be none.
 *
 * @example
 * ```ts
 * import { rest, text } from "@denobpf/denobpf/tool";
 *
 * const operands = { files: rest("FILE", "Only these", text) }; // [FILE...]
 * ```
 */
export function rest<T>(placeholder: string, brief: string, parse: Parser<T>): RestOperands<T> {
  return { kind: "rest", placeholder, brief, parse };
}

/**
 * Declared options without some of them: for a tool that has no use for all that it shares.
 *
 * @example
 * ```ts
 * import { targetOptions, without } from "@denobpf/denobpf/tool";
 *
 * const options = { ...without(targetOptions, "ppid", "comm") };
 * ```
 */
export function without<D extends Declarations, Name extends keyof D & string>(
  options: D,
  ...names: readonly Name[]
): Omit<D, Name> {
  const kept = Object.entries(options).filter(([name]) => !names.includes(name as Name));
  return Object.fromEntries(kept) as Omit<D, Name>;
}

/**
 * Declared options with other letters, "" for none: for a tool that uses theirs in its own way.
 *
 * @example
 * ```ts
 * import { flag, targetOptions, withLetters } from "@denobpf/denobpf/tool";
 *
 * const options = {
 *   ...withLetters(targetOptions, { cgroup: "" }),
 *   cpu: flag("c", "Show the CPU"),
 * };
 * ```
 */
export function withLetters<D extends Declarations>(
  options: D,
  letters: { readonly [Name in keyof D]?: string },
): D {
  const changed = Object.entries(letters)
    .map(([name, letter]) => [name, { ...options[name], letter: letter ?? options[name].letter }]);
  return { ...options, ...Object.fromEntries(changed) };
}

/**
 * All options and operands of a tool: those that are given, and the defaults of the others.
 *
 * @example
 * ```ts
 * import { flag, integer, option, withDefaults } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const options = {
 *   fails: flag("x", "Include failed exec()s"),
 *   max_args: option("", "N", "Show at most N arguments", integer(1, 60), 20),
 * };
 * assertEquals(withDefaults(options, { fails: true }), { fails: true, max_args: 20 });
 * ```
 */
export function withDefaults<D extends Declared>(
  declared: D,
  given: Partial<OptionsOf<D>>,
): OptionsOf<D> {
  const values = Object.entries(declared)
    .map(([name, declaration]) => [name, given[name as keyof D] ?? fallback(declaration)]);
  return Object.fromEntries(values);
}

function fallback(declaration: Declared[string]): unknown {
  switch (declaration.kind) {
    case "flag":
      return false;
    case "list":
    case "rest":
      return [];
    default:
      return declaration.default;
  }
}

/** The long name of an option as it is typed, without the dashes: `max-args` for `max_args`. */
export function longName(name: string): string {
  return name.replaceAll("_", "-");
}

/** All ways to type an option, with the dashes: `-d`, `--seconds`, `--duration`. */
export function spellings(name: string, { letter, alias }: Declarations[string]): string[] {
  const long = [longName(name), ...(alias === undefined ? [] : [alias])].map((word) => `--${word}`);
  return letter === "" ? long : [`-${letter}`, ...long];
}
