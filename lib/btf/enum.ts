/**
 * A value of an enum: one of its names' values, which an editor then offers, or any other, since
 * nothing in C or in memory keeps a value to those that have a name.
 */
export type EnumOf<Values, Base extends number | bigint> =
  | Values[keyof Values]
  | (Base & Record<never, never>);
