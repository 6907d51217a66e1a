import type { Column } from "../members/member.ts";

/** The JSON Schema (2020-12) of one line of JSON with these columns. */
export function jsonSchema<E>(
  { name, brief }: { readonly name: string; readonly brief: string },
  columns: readonly Column<E>[],
): string {
  const properties = columns.map(({ name, kind, brief }) => [
    name,
    { description: brief, ...kind.schema },
  ]);
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: name,
    description: brief,
    type: "object",
    properties: Object.fromEntries(properties),
    required: columns.map(({ name }) => name),
    additionalProperties: false,
  };
  return JSON.stringify(schema, null, 2);
}
