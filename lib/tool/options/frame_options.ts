import type { Fields } from "../field.ts";
import { type Declarations, flag, list, option, type OptionsOf } from "./declarations.ts";
import { timeFormatNames } from "../time.ts";
import { choice, decimal, integer, text } from "./parsers.ts";

/** The longest timer of a JavaScript runtime: 2^31 - 1 milliseconds. */
const MAX_SECONDS = 2_147_483;

/** The options that every tool has. */
export const common = {
  output: option(
    "o",
    "FORMAT",
    "Print as table, json or csv",
    choice("table", "json", "csv"),
    "table",
  ),
  fields: option("", "NAME,...", "Print these of the FIELDS, in this order", text),
  filter: list(
    "",
    "CONDITION",
    "Print only what meets it: FIELD==VALUE, also != < <= > >= ~REGEX !~REGEX; several with &&",
    text,
  ),
  sort: option("", "[-]NAME", "Sort by this of the FIELDS; with - the largest first", text),
  time_format: option(
    "",
    "FORMAT",
    `Show times in tables as ${timeFormatNames.join(", ")}`,
    choice(...timeFormatNames),
  ),
  no_header: flag("", "Print no header line"),
  no_color: flag("", "Print without colours, as NO_COLOR=1 does"),
  seconds: option("", "N", "Stop after N seconds", decimal(0, MAX_SECONDS)),
  events: option("", "N", "Stop after N events", integer(1, Number.MAX_SAFE_INTEGER)),
  btf: option("", "PATH", "Take the kernel's types from this file: for a kernel without BTF", text),
  strict: flag("", "End with exit code 1 if events were lost"),
  schema: flag("", "Show the JSON Schema of what -o json prints"),
  verbose: flag("v", "Show libbpf's log, and all of an error"),
  help: flag("h", "Show this help"),
  version: flag("V", "Show the version"),
};

export type CommonOptions = OptionsOf<typeof common>;

/** The options that work without fields. */
const FIELDLESS: readonly string[] = ["verbose", "help", "version"];

/**
 * The options that every tool has, except for names and letters that a tool uses in its own way, and
 * for those that have nothing to work on.
 */
export function commonBeside(
  { options, fields, tables }: {
    options: Declarations;
    fields: Fields<never>;
    tables?: unknown;
  },
): Declarations {
  const letters = new Set(Object.values(options).map((option) => option.letter));
  const shown = Object.keys(fields).length > 0;
  const timed = Object.values(fields).some((field) => field.type === "time");
  return Object.fromEntries(
    Object.entries(common)
      .filter(([name]) => !Object.hasOwn(options, name))
      .filter(([name]) => shown || FIELDLESS.includes(name))
      .filter(([name]) => timed || name !== "time_format")
      .filter(([name]) => tables !== undefined || name !== "sort")
      .map(([name, option]) =>
        letters.has(option.letter) ? [name, { ...option, letter: "" }] : [name, option]
      ),
  );
}
