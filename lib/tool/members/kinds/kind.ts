/**
 * A kind of values: how one is written to a table, JSON and CSV, described in a schema, compared by
 * `--filter` and ordered by `--sort`. Each kind is one object in a file of its own beside this one.
 */
import type { ByteOutput } from "../../text/bytes.ts";
import type { TimeFormat } from "../../text/time_format.ts";

/** What a member has besides its value: how it is explained, and placed in a table. */
export interface Look {
  /** What it is, in one line, for the help and the schema. */
  readonly brief: string;
  /** Header of the table's column. Left out: the member's name in capitals. */
  readonly header?: string;
  /**
   * Width of the table's column as in printf: `-16` for `%-16s`, `6` for `%6d`. A longer value pushes
   * what follows. Left out: as wide as the header, aligned to the left.
   */
  readonly width?: number;
  /** `"table"`: JSON and CSV show it only if `--fields` asks for it. */
  readonly only?: "table";
  /** What a table shows where an event has no value; `-` if left out. */
  readonly none?: string;
}

/** Writes a value to an output. */
export type Writer<V> = (value: V, out: ByteOutput) => void;

/** What JSON Schema says about a value. */
export interface ValueSchema {
  /** The types of JSON that it may have. */
  readonly type: readonly string[];
  /** What kind of text it is: `date-time`. */
  readonly format?: string;
  /** The regular expression that text meets. */
  readonly pattern?: string;
  /** What a list has. */
  readonly items?: { readonly type: string };
}

/** Values compared with one that a user has written. */
export interface Comparison<V> {
  /** Whether they are equal. */
  equals(value: V): boolean;
  /** Below 0, 0 or above, as `value` is less, equal or greater; absent where values have no order. */
  order?(value: V): number;
}

/** What rows are ordered by. */
export type SortKey = string | number | bigint | boolean;

/** A kind of values `V`, whose members may have more to their look than others. */
export interface Kind<V, L extends Look = Look> {
  /** What the help calls it: `integer`. */
  readonly name: string;
  /** What JSON Schema says about its values. */
  readonly schema: ValueSchema;
  /** Writes a cell of a table, whose width and colour are the table's. Nothing in it may move the cursor. */
  table(look: L, time: TimeFormat): Writer<V>;
  /** Writes `before`, which is ASCII, and the value. */
  json(before: string, look: L): Writer<V>;
  /** Writes a cell of CSV. */
  csv(look: L): Writer<V>;
  /** The value as text: regular expressions look at this. */
  text(value: V): string;
  /**
   * Reads the value that a filter compares with.
   * @throws {ValueError} that says what is wrong with it
   */
  compare?(text: string): Comparison<V>;
  /** What rows are ordered by. */
  key(value: V): SortKey;
  /** What stays of a value when its record is gone; absent where the value is its own. */
  keep?(value: V): unknown;
  /** The least width of a column, where that depends on how times are shown. */
  width?(time: TimeFormat): number;
}

/** A kind of whatever values. */
// deno-lint-ignore no-explicit-any
export type AnyKind = Kind<any, any>;

/** Compares what JavaScript orders by itself; numbers and bigints compare exactly with one another. */
export function ordered<V extends number | bigint>(wanted: number | bigint): Comparison<V> {
  const order = (value: V) => value < wanted ? -1 : value > wanted ? 1 : 0;
  return { order, equals: (value) => order(value) === 0 };
}
