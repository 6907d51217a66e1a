/** How a tool declares what its events carry: once, for the table, JSON and CSV alike. */

import type { Each } from "./trace_interface.ts";
import type { Text, Words } from "./words.ts";

/** How a field is named and placed in the table. */
interface Shape {
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
}

/** Text, which may come from anybody: every output makes it safe in its own way. */
interface TextField<E> extends Shape {
  readonly type: "text";
  /** Shown in tables with its newlines, as a stack is: in the last column, each line made safe. */
  readonly lines?: boolean;
  value(event: E): Text | undefined;
}

/** A whole number. */
interface IntegerField<E> extends Shape {
  readonly type: "integer";
  value(event: E): number | bigint | undefined;
}

/** A number, shown with a fixed number of decimals in tables. */
interface DecimalField<E> extends Shape {
  readonly type: "decimal";
  readonly decimals: number;
  value(event: E): number | undefined;
}

interface BooleanField<E> extends Shape {
  readonly type: "boolean";
  value(event: E): boolean | undefined;
}

/** Wall time in nanoseconds since 1970: as `--time-format` says in tables, RFC 3339 in JSON and CSV. */
interface TimeField<E> extends Shape {
  readonly type: "time";
  value(event: E): bigint | undefined;
}

/** Words, such as the arguments of a command; `quote` shows them in tables as a shell takes them. */
interface WordsField<E> extends Shape {
  readonly type: "words";
  readonly quote?: boolean;
  value(event: E): Words | undefined;
}

/** Whole numbers, such as the counts of a histogram. */
interface IntegersField<E> extends Shape {
  readonly type: "integers";
  value(event: E): readonly number[] | undefined;
}

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
interface StructureField<E> extends Shape {
  readonly type: "structure";
  value(event: E): Structure | undefined;
}

/** A field of an event `E`. Its `value` is undefined for an event that has none. */
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
