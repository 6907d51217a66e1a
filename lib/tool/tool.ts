import type { FlameFrame, FlameUnit } from "./flames/flame_tree.ts";
import type { FlameWriter } from "./flames/write_flames.ts";
import type { Members } from "./members/member.ts";
import type { Declarations, Operands } from "./options/declarations.ts";
import type { FrameSpellings, OutputFormat } from "./options/frame_options.ts";
import type { Trace } from "./trace/trace.ts";

/** A tool as the frame runs it. What makes one of a declaration is in shapes/. */
export interface Tool<Options, E> {
  /** The command: `execsnoop`. */
  readonly name: string;
  /** What the tool is for, in one line. */
  readonly brief: string;
  /** What it is about, by which lists of many tools are grouped: `"disks"`. */
  readonly group?: string;
  /** Its own options; those of every tool are in options/frame_options.ts. */
  readonly options: Declarations;
  /** Options that ask more of the host than the rest of the tool: `denobpf doctor` tries each. */
  readonly demanding?: readonly Partial<Options>[];
  /** The words that it takes besides options, in their order; their values are among the options. */
  readonly operands?: Operands;
  /** Options of every tool that it spells as its C tool does: `{ seconds: "d" }`. */
  readonly frame?: FrameSpellings;
  /**
   * Other names that it is known by, each with what it stands for in front of the command line:
   * `{ ext4slower: ["-t", "ext4"] }`.
   */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /**
   * What it does with a command that it is given behind `--`, if it takes one. The words are the
   * option `command`.
   */
  readonly command?: string;
  /** Command lines worth copying, each with what it does. */
  readonly examples: readonly (readonly [command: string, effect: string])[];
  /** What an event carries, read where it lies. */
  readonly fields: Members<E>;
  /** The same, read from events that are kept, if these options need that: events may wait for others. */
  kept?(options: Options): Members<E> | undefined;
  /** The names of the fields that the table shows; `false` is skipped. */
  columns(options: Options): readonly (string | false)[];
  /** Which events stand for a failure and are red on a terminal. */
  failed?(event: E): boolean;
  /** For a tool that prints tables at intervals: each batch of its trace is one. */
  readonly tables?: Tables<Options, E>;
  /** What some options print instead of tracing: a list of names. */
  print?(options: Options): string | undefined;
  /**
   * Loads and attaches; when it returns, events are being recorded.
   * @param shown the fields that are looked at: expensive data is collected only for these
   * @param nextTimerMs returns in how many milliseconds the next timer of the process is due, Infinity if
   * there is none. With it the event loop stands still while the trace waits for events; absent where the
   * process does anything else than to trace.
   */
  trace(
    options: Options,
    shown?: ReadonlySet<string>,
    nextTimerMs?: () => number,
    // deno-lint-ignore no-explicit-any
  ): Trace<any, E>;
}

/** How a tool that prints tables at intervals shows them. */
export interface Tables<Options, E> {
  /** The line above the first table; none where tables run on. */
  title?(options: Options): string;
  /** Tables of one row each run on below one header, with nothing between them. */
  runs_on?(options: Options): boolean;
  /** How rows are sorted unless `--sort` says otherwise: `-count` for the largest counts first. */
  order(options: Options): string;
  /** How many rows are printed at most: those that come first. A live screen has all that fit. */
  limit(options: Options, output: OutputFormat): number;
  /** Whether tables take each other's place on a screen of their own. */
  live?(options: Options): boolean;
  /**
   * Whether the time stands above a table, as `HH:MM:SS`, or what stands behind it there. Left out: always,
   * in brackets.
   */
  stamp?(options: Options): boolean | string;
  /**
   * The rows in a form of the tool's own, in place of columns, unless `--fields` names some. Undefined where these
   * options have columns, or a histogram.
   */
  text?(rows: readonly E[], options: Options): string | undefined;
  /** Whether that text stands alone, without title, time and empty line, for other programs to read. */
  bare?(options: Options): boolean;
  /** Text below a table; without columns it stands alone. */
  below?(rows: readonly E[], options: Options): string;
  /** How rows are drawn as a flame graph, if they have stacks. */
  readonly flames?: Flames<Options, E>;
}

/** How rows become stacks of a flame graph. */
export interface Flames<Options, E> {
  /** What is measured. */
  unit(options: Options): FlameUnit;
  /** What was measured of the row's stack. */
  value(row: E, options: Options): number;
  /** The same as lines of folded stacks have it; the value itself if left out. */
  shown?(value: number, options: Options): number;
  /** The frames, the outermost first. */
  path(row: E, options: Options): readonly FlameFrame[];
  /** Whether each table shows all that there is, so that the last one alone counts. */
  readonly standing?: boolean;
  /** Writes the graph: `writeFlames`, which tools without stacks need not load. */
  readonly write: FlameWriter;
}
