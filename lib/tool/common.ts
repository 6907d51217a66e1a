import { type Declarations, flag, option, type OptionsOf } from "./option.ts";
import { choice, decimal, integer } from "./value.ts";

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
  no_header: flag("", "Print no header line"),
  no_color: flag("", "Print without colours, as NO_COLOR=1 does"),
  seconds: option("", "N", "Stop after N seconds", decimal(0, MAX_SECONDS)),
  events: option("", "N", "Stop after N events", integer(1, Number.MAX_SAFE_INTEGER)),
  verbose: flag("v", "Show libbpf's log, and all of an error"),
  help: flag("h", "Show this help"),
  version: flag("V", "Show the version"),
};

export type CommonOptions = OptionsOf<typeof common>;

/** The options that every tool has, except for names and letters that a tool uses in its own way. */
export function commonBeside(own: Declarations): Declarations {
  const letters = new Set(Object.values(own).map((option) => option.letter));
  return Object.fromEntries(
    Object.entries(common)
      .filter(([name]) => !Object.hasOwn(own, name))
      .map(([name, option]) =>
        letters.has(option.letter) ? [name, { ...option, letter: "" }] : [name, option]
      ),
  );
}
