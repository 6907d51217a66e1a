import { assertEquals } from "@std/assert";
import { dataColumns, type Fields } from "#lib/tool/field.ts";
import { json } from "#lib/tool/json.ts";
import { namedFields } from "#lib/tool/named_fields.ts";
import { jsonSchema } from "#lib/tool/schema.ts";
import { faults } from "./json_schema.ts";

interface Event {
  readonly time?: bigint;
  readonly comm?: string;
  readonly bytes?: bigint | number;
  readonly share?: number;
  readonly ok?: boolean;
  readonly args?: readonly string[];
}

const brief = "A field";
const fields: Fields<Event> = {
  time: { type: "time", brief: "When", value: (e) => e.time },
  comm: { type: "text", brief, value: (e) => e.comm },
  bytes: { type: "integer", brief, value: (e) => e.bytes },
  share: { type: "decimal", brief, decimals: 1, value: (e) => e.share },
  ok: { type: "boolean", brief, value: (e) => e.ok },
  args: { type: "words", brief, value: (e) => e.args },
  line: { type: "text", brief, only: "table", value: () => "line" },
};

const columns = dataColumns(fields);
const tool = { name: "ticks", brief: "Count ticks" };
const schema = JSON.parse(jsonSchema(tool, columns));

const full: Event = { time: 1n, comm: "a", bytes: 2n ** 60n, share: 0.5, ok: true, args: ["a"] };

Deno.test("jsonSchema() names the tool, and each member with its meaning", () => {
  assertEquals(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assertEquals([schema.title, schema.description], ["ticks", "Count ticks"]);
  assertEquals(Object.keys(schema.properties), ["time", "comm", "bytes", "share", "ok", "args"]);
  assertEquals(schema.properties.time.description, "When");
  assertEquals(schema.required, Object.keys(schema.properties));
});

Deno.test("jsonSchema() fits what json() writes, full or empty", () => {
  for (const event of [full, {}, { ...full, bytes: -5 }, { ...full, bytes: 2 ** 52, args: [] }]) {
    assertEquals(faults(schema, JSON.parse(json(columns).rows([event]))), []);
  }
});

Deno.test("jsonSchema() fits nothing else", () => {
  const good = JSON.parse(json(columns).rows([full]));
  const { comm: _, ...without } = good;
  const wrong: [Record<string, unknown>, string][] = [
    [without, "$.comm is missing"],
    [{ ...good, more: 1 }, "$.more is not declared"],
    [{ ...good, time: "09:41:07" }, "$.time does not match"],
    [{ ...good, bytes: 0.5 }, "$.bytes is number, not integer or string or null"],
    [{ ...good, bytes: "many" }, "$.bytes does not match"],
    [{ ...good, ok: "true" }, "$.ok is string, not boolean or null"],
    [{ ...good, args: "a" }, "$.args is string, not array or null"],
    [{ ...good, args: [1] }, "$.args[0] is integer, not string"],
  ];
  for (const [value, message] of wrong) {
    assertEquals(faults(schema, value)[0]?.startsWith(message), true, message);
  }
});

Deno.test("jsonSchema() is of the fields that were chosen", () => {
  const chosen = namedFields(fields, "line,comm");
  const schema = JSON.parse(jsonSchema(tool, chosen));
  assertEquals(schema.required, ["line", "comm"]);
  assertEquals(faults(schema, JSON.parse(json(chosen).rows([full]))), []);
});
