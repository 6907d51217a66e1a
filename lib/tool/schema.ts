import type { Column } from "./field.ts";
import type { Tool } from "./tool.ts";

/** What describes one member of an object. */
interface Member {
  readonly type: readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly items?: { readonly type: string };
}

/** How json.ts writes the values of each type of field. */
const MEMBERS: Record<Column<unknown>["type"], Member> = {
  text: { type: ["string", "null"] },
  integer: { type: ["integer", "string", "null"], pattern: "^-?[0-9]+$" },
  decimal: { type: ["number", "null"] },
  boolean: { type: ["boolean", "null"] },
  time: {
    type: ["string", "null"],
    format: "date-time",
    pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z$",
  },
  integers: { type: ["array", "null"], items: { type: "integer" } },
  structure: { type: ["object", "array", "string", "number", "boolean", "null"] },
  words: { type: ["array", "null"], items: { type: "string" } },
};

/** The JSON Schema (2020-12) of one line of JSON with these columns. */
export function jsonSchema<Options, E>(
  { name, brief }: Pick<Tool<Options, E>, "name" | "brief">,
  columns: readonly Column<E>[],
): string {
  const properties = columns.map(({ name, type, brief }) => [
    name,
    { description: brief, ...MEMBERS[type] },
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
