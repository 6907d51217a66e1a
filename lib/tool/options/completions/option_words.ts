import { type Declarations, longName } from "../declarations.ts";

/** An option as it is typed and completed. */
export interface OptionWords {
  /** `x`, or "" if it has no letter. */
  readonly letter: string;
  /** `max-args`. */
  readonly long: string;
  readonly brief: string;
  /** Whether it may be given several times. */
  readonly repeats: boolean;
  /** What its value can be, if it takes one. */
  readonly value?: OptionValue;
}

interface OptionValue {
  readonly placeholder: string;
  /** The words to choose from, or what the shell knows to list, or anything. */
  readonly completes: readonly string[] | "files" | "users" | "anything";
}

/** The options of a command in the form that all shells need them in. */
export function optionWords(options: Declarations): OptionWords[] {
  return Object.entries(options).map(([name, option]) => ({
    letter: option.letter,
    long: longName(name),
    brief: option.brief,
    repeats: option.kind === "list",
    value: option.kind === "flag" ? undefined : {
      placeholder: option.placeholder,
      completes: option.parse.choices ?? listedBy(option.placeholder),
    },
  }));
}

function listedBy(placeholder: string): "files" | "users" | "anything" {
  if (placeholder.split("|").includes("PATH")) return "files";
  return placeholder.split("|").includes("UID") ? "users" : "anything";
}

/** The option with its dashes, in every way it can be typed: `-o`, `--output`. */
export function spellings({ letter, long }: OptionWords): string[] {
  return letter === "" ? [`--${long}`] : [`-${letter}`, `--${long}`];
}
