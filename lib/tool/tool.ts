import type { Fields } from "./field.ts";
import type { Declarations, Operands } from "./options/declarations.ts";
import type { FrameSpellings } from "./options/frame_options.ts";
import type { Tables } from "./tables.ts";
import type { Trace } from "./trace_interface.ts";

/** A tool as it is declared: everything but its kernel half and its one way to make events. */
export interface Tool<Options, E> {
  /** The command: `execsnoop`. */
  readonly name: string;
  /** What the tool is for, in one line. */
  readonly brief: string;
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
  /** What an event carries. */
  readonly fields: Fields<E>;
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
   * @param shown the fields that are looked at, where not all are: what only others need can be left out
   */
  trace(options: Options, shown?: ReadonlySet<string>): Trace<E>;
}
