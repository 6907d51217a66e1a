/**
 * Command lines, read by stricli. No other file imports it. It is given every option in one form (see
 * getopt.ts), tells names apart, suggests near ones and collects values; its own help, colours and
 * exit codes are not used.
 */
import {
  AliasNotFoundError,
  ArgumentParseError,
  buildApplication,
  buildCommand,
  FlagNotFoundError,
  type FlagParametersForType,
  run,
  text_en,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
} from "@stricli/core";
import { escapeText, quoted } from "../escape.ts";
import { ExitCode, ExitError } from "../exit.ts";
import { type Declarations, longName } from "./declarations.ts";
import { ValueError } from "./parsers.ts";

/** Names as far apart as `user` and `uid` are no suggestion for each other. */
const SUGGESTIONS = {
  threshold: 4,
  weights: { insertion: 1, deletion: 3, substitution: 2, transposition: 0 },
};

/** Values by long names, each in a list, as every option may be given again. */
export type Given = Readonly<Partial<Record<string, readonly unknown[]>>>;

/**
 * Reads the words that expand() made of a command line.
 * @param name the tool's, for messages
 * @throws {ExitError} (64) with what is wrong in one line
 */
export async function parseWords(
  name: string,
  options: Declarations,
  words: readonly string[],
): Promise<Given> {
  let given: Given | undefined;
  let failure: unknown;
  const command = buildCommand({
    func: (flags: Given) => {
      given = flags;
    },
    parameters: { flags: stricliFlags(options) },
    docs: { brief: name },
  });
  const fail = (error: unknown) => {
    failure ??= error;
    return "";
  };
  const application = buildApplication(command, {
    name,
    scanner: { allowArgumentEscapeSequence: true, distanceOptions: SUGGESTIONS },
    localization: { text: { ...text_en, exceptionWhileParsingArguments: fail } },
  }, {});
  const silent = { write: () => {} };
  await run(application, words, { process: { stdout: silent, stderr: silent } });
  if (given === undefined) throw usageError(name, options, failure);
  return given;
}

function stricliFlags(options: Declarations): FlagParametersForType<Given> {
  const flags = Object.entries(options).map(([name, option]) => [longName(name), {
    kind: "parsed",
    optional: true,
    variadic: true,
    brief: option.brief,
    parse: option.kind === "flag" ? parseFlag : option.parse,
  }]);
  // Without a prototype, or "--constructor" would be an option.
  return Object.assign(Object.create(null), Object.fromEntries(flags));
}

function parseFlag(text: string): true {
  if (text !== "true") throw new ValueError("takes no value");
  return true;
}

/** What stricli found wrong, in one line. Errors that are no fault of the command line stay as they are. */
function usageError(name: string, options: Declarations, error: unknown): unknown {
  const usage = (message: string) => new ExitError(ExitCode.Usage, message);
  const unknown = (option: string, near: readonly string[]) =>
    usage(
      `unknown option ${escapeText(option)}` +
        (near.length > 0 ? `, did you mean ${near.join(" or ")}?` : ` ${help}`),
    );
  const help = `(${name} --help lists the options)`;
  if (error instanceof ArgumentParseError) {
    if (!(error.exception instanceof ValueError)) return error.exception;
    return usage(`--${error.externalFlagNameOrPlaceholder}: ${error.exception.message}`);
  }
  if (error instanceof FlagNotFoundError) {
    return unknown(`--${error.input}`, error.corrections.map((name) => `--${name}`));
  }
  if (error instanceof AliasNotFoundError) {
    return unknown(
      `-${error.input}`,
      otherCase(error.input, options).map((letter) => `-${letter}`),
    );
  }
  if (error instanceof UnsatisfiedFlagError) {
    return usage(`--${error.externalFlagName} needs a value ${help}`);
  }
  if (error instanceof UnexpectedPositionalError) {
    if (error.input.startsWith("-")) return unknown(error.input, []);
    return usage(`unexpected argument ${quoted(error.input)} ${help}`);
  }
  return error;
}

/** `-x` for `-X`: the letter in its other case, if that is an option. */
function otherCase(letter: string, options: Declarations): string[] {
  return Object.values(options)
    .map((option) => option.letter)
    .filter((known) => known.toLowerCase() === letter.toLowerCase());
}
