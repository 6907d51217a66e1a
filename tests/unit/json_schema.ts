/** The part of JSON Schema (2020-12) that the tools' schemas use. */
import { assertEquals } from "@std/assert";

interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type: string | readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

const KNOWN = new Set([
  ...["$schema", "title", "description", "type", "format", "pattern", "items", "properties"],
  ...["required", "additionalProperties"],
]);

/** What is wrong with `value` by `schema`: one line for each fault. */
export function faults(schema: Schema, value: unknown, at = "$"): string[] {
  const unknown = Object.keys(schema).filter((word) => !KNOWN.has(word));
  assertEquals(unknown, [], "words that this validator does not know");
  const types = [schema.type].flat();
  const type = typeOf(value);
  if (!types.includes(type) && !(type === "integer" && types.includes("number"))) {
    return [`${at} is ${type}, not ${types.join(" or ")}`];
  }
  return [
    ...textFaults(schema, value, at),
    ...(Array.isArray(value) && schema.items
      ? value.flatMap((item, i) => faults(schema.items!, item, `${at}[${i}]`))
      : []),
    ...(type === "object" ? memberFaults(schema, value as Record<string, unknown>, at) : []),
  ];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function textFaults({ pattern, format }: Schema, value: unknown, at: string): string[] {
  if (typeof value !== "string") return [];
  const found: string[] = [];
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) {
    found.push(`${at} does not match ${pattern}`);
  }
  if (format === "date-time" && Number.isNaN(Date.parse(value))) {
    found.push(`${at} is no date-time`);
  }
  return found;
}

function memberFaults(
  { properties = {}, required = [], additionalProperties = true }: Schema,
  value: Readonly<Record<string, unknown>>,
  at: string,
): string[] {
  const missing = required.filter((name) => !Object.hasOwn(value, name));
  const foreign = Object.keys(value).filter((name) => !Object.hasOwn(properties, name));
  return [
    ...missing.map((name) => `${at}.${name} is missing`),
    ...(additionalProperties ? [] : foreign.map((name) => `${at}.${name} is not declared`)),
    ...Object.entries(properties)
      .filter(([name]) => Object.hasOwn(value, name))
      .flatMap(([name, schema]) => faults(schema, value[name], `${at}.${name}`)),
  ];
}
