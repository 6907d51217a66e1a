import { type Declarations, longName, type Operands } from "../declarations.ts";

/** An option as it is typed and completed. */
export interface OptionWords {
  /** `x`, or "" if it has no letter. */
  readonly letter: string;
  /** `max-args`, and another name if it has one. */
  readonly long: readonly string[];
  readonly brief: string;
  /** Whether it may be given several times. */
  readonly repeats: boolean;
  /** What its value can be, if it takes one. */
  readonly value?: ValueWords;
}

/** What can stand for a value. */
export interface ValueWords {
  readonly placeholder: string;
  /** The words to choose from, or what the shell knows to list, or anything. */
  readonly completes: readonly string[] | "files" | "users" | "anything";
}

/** An operand as it is completed. */
export interface OperandWords extends ValueWords {
  readonly kind: Operands[string]["kind"];
}

/** The options of a command in the form that all shells need them in. */
export function optionWords(options: Declarations): OptionWords[] {
  return Object.entries(options).map(([name, option]) => ({
    letter: option.letter,
    long: [longName(name), ...(option.alias === undefined ? [] : [option.alias])],
    brief: option.brief,
    repeats: option.kind === "list",
    value: option.kind === "flag" ? undefined : valueWords(option),
  }));
}

/** The operands of a command, in their order. */
export function operandWords(operands: Operands): OperandWords[] {
  return Object.values(operands).map((operand) => ({
    kind: operand.kind,
    ...valueWords(operand),
  }));
}

function valueWords(
  { placeholder, parse }: Pick<Operands[string], "placeholder" | "parse">,
): ValueWords {
  return { placeholder, completes: parse.choices ?? listedBy(placeholder) };
}

/** `PATH`, `vmlinux|ID|FILE` and `FILE.bpf.o` are files, `UID|NAME` is a user. */
function listedBy(placeholder: string): "files" | "users" | "anything" {
  if (/(^|\|)(PATH|FILE|DIR)\b/.test(placeholder)) return "files";
  return placeholder.split("|").includes("UID") ? "users" : "anything";
}

/** The option with its dashes, in every way it can be typed: `-o`, `--output`. */
export function spellings({ letter, long }: OptionWords): string[] {
  const names = long.map((name) => `--${name}`);
  return letter === "" ? names : [`-${letter}`, ...names];
}
