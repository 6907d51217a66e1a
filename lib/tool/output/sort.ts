/** `--sort`, for tools that print tables of rows. */
import type { SortKey } from "../members/kinds/kind.ts";
import type { Column, Members } from "../members/member.ts";
import { namedField } from "./named_fields.ts";

/** An order of rows, by a field. */
export interface Order<E> {
  /** The field that it looks at. */
  readonly field: Column<E>;
  /** Whether the largest come first. */
  readonly descending: boolean;
  /** The rows in this order; those that are equal stay as they are. */
  sort(rows: readonly E[]): E[];
}

/**
 * Reads the value of `--sort`: a field, or `-` and a field for the largest first. Rows without a value
 * come last in either.
 * @throws {ValueError} if there is no such field
 */
export function parseOrder<E>(fields: Members<E>, text: string): Order<E> {
  return orderBy(namedField(fields, text.replace(/^-/, "")), text.startsWith("-"));
}

/** The order by a field. */
export function orderBy<E>(field: Column<E>, descending: boolean): Order<E> {
  const sign = descending ? -1 : 1;
  return {
    field,
    descending,
    sort(rows) {
      const keyed = rows.map((row) => ({ row, key: keyOf(field, row) }));
      keyed.sort((a, b) => {
        if (a.key === undefined || b.key === undefined) {
          return Number(a.key === undefined) - Number(b.key === undefined);
        }
        return a.key < b.key ? -sign : a.key > b.key ? sign : 0;
      });
      return keyed.map(({ row }) => row);
    },
  };
}

function keyOf<E>({ kind, value }: Column<E>, row: E): SortKey | undefined {
  const found = value(row);
  return found === undefined ? undefined : kind.key(found);
}
