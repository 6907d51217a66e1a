/** How a tool declares what its events carry: once, for the table, JSON and CSV alike. */

import type { Each } from "./trace_interface.ts";
import type { Text, Words } from "./words.ts";

/** What all fields have: how one is named and placed in the table, and its value. */
export interface FieldOf<Type extends string, E, Value> {
  /** What kind of value it is. */
  readonly type: Type;
  /** What it is, in one line, for the help and the schema. */
  readonly brief: string;
  /** Header of the table's column. Left out: the field's name in capitals. */
  readonly header?: string;
  /**
   * Width of the table's column as in printf: `-16` for `%-16s`, `6` for `%6d`. Longer values push
   * what follows. Left out: as wide as the header, aligned to the left.
   */
  readonly width?: number;
  /** `"table"`: JSON and CSV show it only if `--fields` asks for it. */
  readonly only?: "table";
  /** Its value in an event; undefined for an event that has none. */
  value(event: E): Value | undefined;
}

/** Text, which may come from anybody: every output makes it safe in its own way. */
export interface TextField<E> extends FieldOf<"text", E, Text> {
  /** Shown in tables with its newlines, as a stack is: in the last column, each line made safe. */
  readonly lines?: boolean;
}

/** A whole number. */
export type IntegerField<E> = FieldOf<"integer", E, number | bigint>;

/** A number, shown with a fixed number of decimals in tables. */
export interface DecimalField<E> extends FieldOf<"decimal", E, number> {
  /** How many. */
  readonly decimals: number;
}

/** True or false. */
export type BooleanField<E> = FieldOf<"boolean", E, boolean>;

/** Wall time in nanoseconds since 1970: as `--time-format` says in tables, RFC 3339 in JSON and CSV. */
export type TimeField<E> = FieldOf<"time", E, bigint>;

/** Words, such as the arguments of a command. */
export interface WordsField<E> extends FieldOf<"words", E, Words> {
  /** Shown in tables as a shell takes them. */
  readonly quote?: boolean;
}

/** Whole numbers, such as the counts of a histogram. */
export type IntegersField<E> = FieldOf<"integers", E, readonly number[]>;

/** A value of any shape, such as that of a C struct. */
export type Structure =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Structure[]
  | { readonly [member: string]: Structure };

/** A value of any shape: JSON shows it as it is, the other outputs as the text of that JSON. */
export type StructureField<E> = FieldOf<"structure", E, Structure>;

/** A field of an event `E`. */
export type Field<E> =
  | TextField<E>
  | IntegerField<E>
  | DecimalField<E>
  | BooleanField<E>
  | TimeField<E>
  | WordsField<E>
  | IntegersField<E>
  | StructureField<E>;

/** The fields of an event `E` by their names, in the order of JSON and CSV. */
export type Fields<E> = Readonly<Record<string, Field<E>>>;

/** A field along with its name. */
export type Column<E> = Field<E> & { readonly name: string };

/** The fields that JSON and CSV show by themselves. */
export function dataColumns<E>(fields: Fields<E>): Column<E>[] {
  return Object.keys(fields)
    .map((name) => column(fields, name))
    .filter((field) => field.only !== "table");
}

/**
 * The field that a tool names.
 * @throws {TypeError} if there is none
 */
export function column<E>(fields: Fields<E>, name: string): Column<E> {
  if (!Object.hasOwn(fields, name)) throw new TypeError(`There is no field "${name}"`);
  return { name, ...fields[name] };
}

/** Turns events into lines of output. */
export interface Renderer<E> {
  /** What comes before the first event; "" if nothing does. */
  readonly header: string;
  /** The lines of `events`, each with its newline. */
  rows(events: Each<E>): string;
}
