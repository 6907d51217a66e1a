/** `--sort`, for tools that print tables of rows. */
import type { Column, Fields } from "./field.ts";
import { structureText } from "./json.ts";
import { namedField } from "./named_fields.ts";
import { plainWords } from "./words.ts";

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
export function parseOrder<E>(fields: Fields<E>, text: string): Order<E> {
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

function keyOf<E>(field: Column<E>, row: E): string | number | bigint | boolean | undefined {
  if (field.type === "structure") return structureText(field.value(row) ?? "");
  if (field.type === "text") return field.value(row)?.toString();
  if (field.type === "words") {
    const words = field.value(row);
    return words && plainWords(words).join(" ");
  }
  const value = field.value(row);
  return typeof value === "object" ? value.join(" ") : value;
}
