import { type Declarations, longName } from "./declarations.ts";

/**
 * Rewrites a command line of getopt_long(3)'s many forms (`-xT`, `-xu1000`, `-u 1000`, `--uid 1000`,
 * values that begin with a dash) to the one form `--uid=1000` that the command parser cannot take in
 * two ways. What is no declared option passes unchanged, for the parser to complain about.
 */
export function expand(args: readonly string[], declared: Declarations): string[] {
  const options = Object.entries(declared).map(([name, option]) => ({
    long: `--${longName(name)}`,
    letter: option.letter,
    takesValue: option.kind !== "flag",
    number: option.kind === "flag" && option.number ? `--${longName(option.number)}` : undefined,
  }));
  const words: string[] = [];
  const rest = [...args];

  function add(option: typeof options[number], attached: string | undefined) {
    if (option.number !== undefined && /^\d+$/.test(attached ?? rest[0] ?? "")) {
      return words.push(`${option.number}=${attached ?? rest.shift()}`);
    }
    const value = attached ?? (option.takesValue ? rest.shift() : "true");
    words.push(...(value === undefined ? [option.long] : assignment(option.long, value)));
  }

  function addLetters(letters: string) {
    for (let at = 0; at < letters.length; at++) {
      const option = options.find((option) => option.letter === letters[at]);
      if (option === undefined) {
        words.push(`-${letters[at]}`);
      } else if (option.takesValue) {
        return add(option, letters.slice(at + 1) || undefined);
      } else {
        add(option, undefined);
      }
    }
  }

  for (let arg; (arg = rest.shift()) !== undefined;) {
    if (arg === "--") return [...words, arg, ...rest];
    if (!arg.startsWith("-") || arg === "-") {
      words.push(arg);
    } else if (!arg.startsWith("--")) {
      addLetters(arg.slice(1));
    } else {
      const [, long, , value] = /^([^=]*)(=(.*))?$/s.exec(arg)!;
      const option = options.find((option) => option.long === long);
      if (option === undefined) words.push(`${long}=true`);
      else add(option, value);
    }
  }
  return words;
}

/**
 * The parser's pattern for `--name=value` has no place for an empty value or a line break; as a word
 * of its own such a value cannot be mistaken for an option.
 */
function assignment(long: string, value: string): string[] {
  return /^.+$/.test(value) ? [`${long}=${value}`] : [long, value];
}
