/** How a tool declares its options. The key of an option is its long name: `max_args` is `--max-args`. */

/** Reads the text of an option's value. */
export interface Parser<T> {
  /** @throws {ValueError} that says what is wrong with the text and what is accepted */
  (text: string): T;
  /** All that is accepted, if that is a handful of words. */
  readonly choices?: readonly string[];
}

/** An option without a value: off, or on when it is given. */
export interface Flag {
  /** That it is an option without a value. */
  readonly kind: "flag";
  /** Its one letter, or "" if it has only its long name. */
  readonly letter: string;
  /** What it does, in one line, for the help. */
  readonly brief: string;
  /** The option that is meant when the flag is given a number: `--top 5` of the C tools. */
  readonly number?: string;
}

/** An option with a value. Given twice, the last one counts, as with getopt(3). */
export interface ValueOption<T, Default> {
  /** That it is an option with a value. */
  readonly kind: "value";
  /** Its one letter, or "" if it has only its long name. */
  readonly letter: string;
  /** What stands for the value in the help: `UID|NAME`. */
  readonly placeholder: string;
  /** What it does, in one line, for the help. */
  readonly brief: string;
  /** Reads the value. */
  readonly parse: Parser<T>;
  /** What it is when it is not given. */
  readonly default: Default;
}

/** An option that may be given several times, each time with a value. */
export interface ListOption<T> {
  /** That it is an option that may be given several times. */
  readonly kind: "list";
  /** Its one letter, or "" if it has only its long name. */
  readonly letter: string;
  /** What stands for the value in the help: `UID|NAME`. */
  readonly placeholder: string;
  /** What it does, in one line, for the help. */
  readonly brief: string;
  /** Reads the value. */
  readonly parse: Parser<T>;
}

/** Options by their names, which are in snake_case. */
export type Declarations = Readonly<
  Record<string, Flag | ValueOption<unknown, unknown> | ListOption<unknown>>
>;

/** The values that declared options take: `OptionsOf<typeof options>`. */
export type OptionsOf<D extends Declarations> = {
  readonly [Name in keyof D]: D[Name] extends ValueOption<infer T, infer Default> ? T | Default
    : D[Name] extends ListOption<infer T> ? readonly T[]
    : boolean;
};

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
 * Declares an option for several values: `list("p", "PID", "Trace these processes only", pid)`.
 *
 * @example
 * ```ts
 * import { integer, list } from "@denobpf/denobpf/tool";
 *
 * const options = { pid: list("p", "PID", "Trace these only", integer(1, 4_194_304)) };
 * ```
 */
export function list<T>(
  letter: string,
  placeholder: string,
  brief: string,
  parse: Parser<T>,
): ListOption<T> {
  return { kind: "list", letter, placeholder, brief, parse };
}

/**
 * All options of a tool: those that are given, and the defaults of the others.
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
export function withDefaults<D extends Declarations>(
  options: D,
  given: Partial<OptionsOf<D>>,
): OptionsOf<D> {
  const values = Object.entries(options)
    .map(([name, option]) => [name, given[name as keyof D] ?? fallback(option)]);
  return Object.fromEntries(values);
}

function fallback(option: Declarations[string]): unknown {
  switch (option.kind) {
    case "flag":
      return false;
    case "list":
      return [];
    case "value":
      return option.default;
  }
}

/** The long name of an option as it is typed, without the dashes: `max-args` for `max_args`. */
export function longName(name: string): string {
  return name.replaceAll("_", "-");
}
