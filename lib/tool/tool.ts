import type { Fields } from "./field.ts";
import type { Declarations } from "./option.ts";
import type { Trace } from "./trace_interface.ts";

/** A tool as it is declared: everything but its kernel half and its one way to make events. */
export interface Tool<Options, E> {
  /** The command: `execsnoop`. */
  readonly name: string;
  /** What the tool is for, in one line. */
  readonly brief: string;
  /** Its own options; those of every tool are in common.ts. */
  readonly options: Declarations;
  /** Command lines worth copying, each with what it does. */
  readonly examples: readonly (readonly [command: string, effect: string])[];
  /** What an event carries. */
  readonly fields: Fields<E>;
  /** The names of the fields that the table shows; `false` is skipped. */
  columns(options: Options): readonly (string | false)[];
  /** Which events stand for a failure and are red on a terminal. */
  failed?(event: E): boolean;
  /**
   * Loads and attaches; when it returns, events are being recorded.
   * @param shown the fields that are looked at, where not all are: what only others need can be left out
   */
  trace(options: Options, shown?: ReadonlySet<string>): Trace<E>;
}
