/** Fields as users name them: in `--fields`, `--filter` and `--sort`. */
import { quoted } from "../text/escape.ts";
import { type Column, column, type Members } from "../members/member.ts";
import { nearest } from "../../sys/nearest.ts";
import { ValueError } from "../options/usage_errors.ts";

/**
 * The field that a user names.
 * @throws {ValueError} that suggests the field that was meant, and lists them all
 */
export function namedField<E>(fields: Members<E>, name: string): Column<E> {
  if (Object.hasOwn(fields, name)) return column(fields, name);
  const names = Object.keys(fields);
  const meant = names.find((known) => fields[known].header === name.toUpperCase()) ??
    nearest(name, names);
  throw new ValueError(
    `there is no field ${quoted(name)}${meant === undefined ? "" : `, did you mean ${meant}?`} ` +
      `(the fields are ${names.join(", ")})`,
  );
}

/**
 * The fields of `--fields`, in their order: `pid,comm,args`.
 * @throws {ValueError}
 */
export function namedFields<E>(fields: Members<E>, list: string): Column<E>[] {
  const names = list.split(",").map((name) => name.trim());
  const twice = names.find((name, at) => names.indexOf(name) < at);
  const columns = names.map((name) => namedField(fields, name));
  if (twice !== undefined) throw new ValueError(`${twice} is there twice`);
  return columns;
}
