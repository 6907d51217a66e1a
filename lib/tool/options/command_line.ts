/**
 * Command lines in getopt_long(3)'s forms: `-xT`, `-xu1000`, `-u 1000`, `--uid 1000`, `--uid=1000`. What
 * follows an option that takes a value is its value, whatever it looks like.
 */
import { nearest } from "../../sys/nearest.ts";
import { escapeText } from "../text/escape.ts";
import type { ExitError } from "../ending/exit.ts";
import type { Tool } from "../tool.ts";
import { type Declarations, longName, spellings, withDefaults } from "./declarations.ts";
import { commonBeside, type CommonOptions, frameOptions } from "./frame_options.ts";
import { readOperands } from "./operands.ts";
import { parsed, usage } from "./usage_errors.ts";

/** What stands on a command line. */
interface CommandLine {
  /** The values of the options that are given, by the names of these. */
  readonly given: ReadonlyMap<string, readonly unknown[]>;
  /** What is no option. */
  readonly words: readonly string[];
  /** What stands behind `--`. */
  readonly behind: readonly string[];
}

/**
 * Reads the command line of a tool. With `--help` and its like no operand is asked for.
 * @throws {ExitError} (64) with what is wrong in one line
 */
export function parseOptions<Options, E>(
  tool: Tool<Options, E>,
  args: readonly string[],
): { options: Options; common: CommonOptions } {
  const { name, options, operands = {} } = tool;
  const shared = commonBeside(tool);
  const { given, words, behind } = readWords(name, { ...shared, ...options }, args);
  const frame = { ...withDefaults(frameOptions, {}), ...valuesOf(shared, given) } as CommonOptions;
  const command = tool.command === undefined ? [] : behind;
  const others = tool.command === undefined ? [...words, ...behind] : words;
  const unasked = frame.help || frame.version || (frame.schema && others.length === 0);
  const taken = unasked ? {} : readOperands(name, operands, others);
  return {
    options: {
      ...withDefaults(operands, {}),
      ...valuesOf(options, given),
      ...taken,
      ...(command.length > 0 && { command }),
    } as Options,
    // a word may stand for an option of every tool: `biosnoop 10` stops after 10 seconds
    common: "seconds" in taken ? { ...frame, seconds: taken.seconds as number } : frame,
  };
}

/** Of an option that was given again, the last value counts, unless it collects them. */
function valuesOf(options: Declarations, given: CommandLine["given"]): Record<string, unknown> {
  const values = Object.entries(options).map(([name, { kind }]) => {
    const list = given.get(name);
    return [name, kind === "list" ? list : list?.at(-1)];
  });
  return withDefaults(options, Object.fromEntries(values));
}

/**
 * Reads the words of a command line.
 * @param tool its name, for messages
 */
function readWords(tool: string, options: Declarations, args: readonly string[]): CommandLine {
  const names = new Map(
    Object.entries(options).flatMap(([name, option]) =>
      spellings(name, option).map((spelling) => [spelling, name] as const)
    ),
  );
  const given = new Map<string, unknown[]>();
  const words: string[] = [];
  const rest = [...args];

  /** @param attached what its own word has for a value: the 1000 of `-u1000` or `--uid=1000` */
  function take(name: string, attached: string | undefined): void {
    const option = options[name];
    const shown = `--${longName(name)}`;
    if (option.kind !== "flag") {
      const value = attached ?? rest.shift();
      if (value === undefined) throw usage(`${shown} needs a value`, tool);
      const values = option.kind === "list" && option.commas ? value.split(",") : [value];
      for (const value of values) add(name, parsed(shown, option.parse, value));
    } else if (option.number !== undefined && /^\d+$/.test(attached ?? rest[0] ?? "")) {
      take(option.number, attached);
    } else {
      if (attached !== undefined) throw usage(`${shown}: takes no value`);
      add(name, true);
    }
  }

  function add(name: string, value: unknown): void {
    const values = given.get(name);
    if (values === undefined) given.set(name, [value]);
    else values.push(value);
  }

  function takeLetters(letters: string): void {
    for (let left = letters; left !== "";) {
      const [letter] = left;
      left = left.slice(letter.length);
      const name = names.get(`-${letter}`);
      if (name === undefined) throw unknown(`-${letter}`, tool, names);
      if (left === "" || options[name].kind !== "flag") return take(name, left || undefined);
      add(name, true);
    }
  }

  for (let word; (word = rest.shift()) !== undefined;) {
    if (word === "--") return { given, words, behind: rest };
    if (!word.startsWith("-") || word === "-") {
      words.push(word);
    } else if (!word.startsWith("--")) {
      takeLetters(word.slice(1));
    } else {
      const [, long, value] = /^([^=]*)(?:=(.*))?$/s.exec(word)!;
      const name = names.get(long);
      if (name === undefined) throw unknown(long, tool, names);
      take(name, value);
    }
  }
  return { given, words, behind: [] };
}

/** The error for what is no option, with the one that was meant: of letters the other case. */
function unknown(given: string, tool: string, names: ReadonlyMap<string, string>): ExitError {
  const long = given.startsWith("--");
  const meant = long
    ? nearest(given.slice(2), [...names.keys()].flatMap((name) => /^--(.+)/.exec(name)?.[1] ?? []))
    : [...names.keys()].find((name) => name.toLowerCase() === given.toLowerCase())?.slice(1);
  const wrong = `unknown option ${escapeText(given)}`;
  return meant === undefined
    ? usage(wrong, tool)
    : usage(`${wrong}, did you mean ${long ? "--" : "-"}${meant}?`);
}
