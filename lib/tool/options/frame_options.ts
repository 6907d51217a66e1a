import type { Members } from "../members/member.ts";
import {
  type Declarations,
  flag,
  list,
  option,
  type OptionsOf,
  type Parser,
} from "./declarations.ts";
import { timeFormatNames } from "../text/time_format.ts";
import { choice, count, seconds, text } from "./parsers.ts";

/** What all of a run is printed as at its end: flame graphs, and what other programs draw them from. */
export type FlameFormat = "folded" | "svg" | "html" | "speedscope" | "pprof";

/** What `-o` takes: the first three print events one by one, or table by table. */
export type OutputFormat = "table" | "json" | "csv" | FlameFormat;

const ROW_FORMATS = ["table", "json", "csv"] as const;
const FLAME_FORMATS = ["folded", "svg", "html", "speedscope", "pprof"] as const;

/** Whether a format is one of a whole run, for tools that measure by stacks. */
export function isFlameFormat(format: OutputFormat): format is FlameFormat {
  return (FLAME_FORMATS as readonly string[]).includes(format);
}

const rowFormat: Parser<OutputFormat> = choice(...ROW_FORMATS);

const flameOutput = {
  brief: "Print as table, json or csv; or all at the end as folded, svg, html, speedscope, pprof",
  parse: choice(...ROW_FORMATS, ...FLAME_FORMATS),
};

/**
 * The options that every tool has.
 *
 * @example
 * ```ts
 * import { frameOptions } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(frameOptions.output.letter, "o");
 * ```
 */
export const frameOptions = {
  output: option("o", "FORMAT", "Print as table, json or csv", rowFormat, "table"),
  fields: option("", "NAME,...", "Print these of the FIELDS, in this order", text),
  filter: {
    ...list(
      "",
      "CONDITION",
      "Print only what meets it: FIELD==VALUE, also != < <= > >= ~REGEX !~REGEX; several with &&",
      text,
    ),
    commas: false,
  },
  sort: option("", "[-]NAME", "Sort by this of the FIELDS; with - the largest first", text),
  time_format: option(
    "",
    "FORMAT",
    `Show times in tables as ${timeFormatNames.join(", ")}`,
    choice(...timeFormatNames),
  ),
  no_header: flag("", "Print no header line"),
  no_color: flag("", "Print without colours, as NO_COLOR=1 does"),
  seconds: option("", "N", "Stop after N seconds", seconds),
  events: option("", "N", "Stop after N events", count),
  btf: option("", "PATH", "Take the kernel's types from this file: for a kernel without BTF", text),
  strict: flag("", "End with exit code 1 if events were lost"),
  schema: flag("", "Show the JSON Schema of what -o json prints"),
  verbose: flag("v", "Show libbpf's log, and all of an error"),
  help: flag("h", "Show this help"),
  version: flag("V", "Show the version"),
};

export type CommonOptions = OptionsOf<typeof frameOptions>;

/** The options that work without fields. */
const FIELDLESS: readonly string[] = ["verbose", "help", "version"];

/** How a tool spells an option of the frame: its letter, and the long name that its C tool has. */
export type Spelling = string | {
  /** The letter. */
  readonly letter?: string;
  /** Another long name, beside the frame's: `duration`. */
  readonly alias?: string;
};

/** The options of the frame that a tool spells in its own way: `{ seconds: "d" }`. */
export type FrameSpellings = { readonly [Name in keyof typeof frameOptions]?: Spelling };

/**
 * The options that every tool has, except for those whose names a tool uses in its own way, and for those
 * that have nothing to work on. A letter belongs to the tool's own option, then to the one that the tool
 * gives it to.
 */
export function commonBeside(
  { options, fields, tables, frame = {} }: {
    options: Declarations;
    fields: Members;
    tables?: { readonly flames?: unknown };
    frame?: FrameSpellings;
  },
): Declarations {
  const own = new Set(Object.values(options).map((option) => option.letter));
  const given = new Set(Object.values(frame).map((spelling) => spelled(spelling).letter));
  const shown = Object.keys(fields).length > 0;
  const timed = Object.values(fields).some((field) => field.kind.name === "time");
  const all: Declarations = tables?.flames === undefined
    ? frameOptions
    : { ...frameOptions, output: { ...frameOptions.output, ...flameOutput } };
  return Object.fromEntries(
    (Object.entries(all) as [keyof typeof frameOptions, Declarations[string]][])
      .filter(([name]) => !Object.hasOwn(options, name))
      .filter(([name]) => shown || FIELDLESS.includes(name))
      .filter(([name]) => timed || name !== "time_format")
      .filter(([name]) => tables !== undefined || name !== "sort")
      .map(([name, option]) => {
        const { letter, alias } = spelled(frame[name] ?? {});
        const own_letter = letter ?? (given.has(option.letter) ? "" : option.letter);
        return [name, { ...option, letter: own.has(own_letter) ? "" : own_letter, alias }];
      }),
  );
}

function spelled(spelling: Spelling): Exclude<Spelling, string> {
  return typeof spelling === "string" ? { letter: spelling } : spelling;
}
