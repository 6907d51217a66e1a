/**
 * The members of an event, each declared once. From them follow the event's type, the view that lies on
 * the record, the copy that is kept, and what table, JSON, CSV, schema, filter, sort and help show.
 */
import type { RawText } from "../../sys/raw_text.ts";
import type { RawWords } from "../text/words.ts";
import type { AnyKind, Look } from "./kinds/kind.ts";

/** A member that is read from a record `R`. */
export interface Member<R, T = unknown> extends Look {
  /** What kind of value it is. */
  readonly kind: AnyKind;
  /** Its value in a record; undefined where it has none. */
  value(record: R): T;
}

/** Members by their names, in the order of JSON and CSV. */
// deno-lint-ignore no-explicit-any
export type Members<R = any> = Readonly<Record<string, Member<R>>>;

/** The type of a member's value where it lies in the record. */
export type MemberValue<M> = M extends { value(record: never): infer T } ? T : never;

/** What is kept of a value once its record is gone. */
export type Kept<T> = T extends RawText ? string
  : T extends readonly (string | RawText | RawWords)[] ? readonly string[]
  : T;

/** The event that users keep. A homomorphic mapped type: each member keeps its JSDoc. */
export type EventOf<M> = { readonly [Name in keyof M]: Kept<MemberValue<M[Name]>> };

/** The same event where it lies in its record: texts are not decoded yet. A kept one is such an event too. */
export type LazyOf<M> = {
  readonly [Name in keyof M]: MemberValue<M[Name]> | Kept<MemberValue<M[Name]>>;
};

/** What these members are read from. */
export type RecordOf<M> = M[keyof M] extends { value(record: infer R): unknown } ? R : never;

/** The members of an event in its record, which is at hand; a kept event is one too, without a record. */
export type InPlace<M> = LazyOf<M> & { readonly $record?: RecordOf<M> };

/** A member along with its name: what outputs show in a column. */
export interface Column<R> extends Member<R> {
  /** Its name. */
  readonly name: string;
}

/** The columns that JSON and CSV show by themselves. */
export function dataColumns<R>(members: Members<R>): Column<R>[] {
  return Object.keys(members)
    .map((name) => column(members, name))
    .filter(({ only }) => only !== "table");
}

/**
 * The column of a member that a tool names.
 * @throws {TypeError} if there is none
 */
export function column<R>(members: Members<R>, name: string): Column<R> {
  if (!Object.hasOwn(members, name)) throw new TypeError(`There is no field "${name}"`);
  return { name, ...members[name] };
}

/** The same members, read from events that were kept. */
export function keptMembers<R>(members: Members<R>): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, {
      ...member,
      value: (event: Readonly<Record<string, unknown>>) => event[name],
    }]),
  );
}
