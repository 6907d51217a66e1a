import { assertEquals } from "@std/assert";
import { dataColumns } from "#lib/tool/members/member.ts";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { jsonLines } from "#lib/tool/output/json.ts";
import { namedFields } from "#lib/tool/output/named_fields.ts";
import { jsonSchema } from "#lib/tool/output/schema.ts";
import { faults } from "./json_schema.ts";
import { rowsOf } from "./written.ts";

interface Event {
  readonly time?: bigint;
  readonly comm?: string;
  readonly bytes?: bigint | number;
  readonly share?: number;
  readonly ok?: boolean;
  readonly args?: readonly string[];
}

const brief = "A field";
const event = membersOf<Event>();
const fields = {
  time: event.time({ brief: "When" }, (e) => e.time),
  comm: event.text({ brief }, (e) => e.comm),
  bytes: event.integer({ brief }, (e) => e.bytes),
  share: event.decimal({ brief, decimals: 1 }, (e) => e.share),
  ok: event.boolean({ brief }, (e) => e.ok),
  args: event.words({ brief }, (e) => e.args),
  line: event.text({ brief, only: "table" }, () => "line"),
};

const columns = dataColumns<Event>(fields);
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

Deno.test("jsonSchema() fits what jsonLines() writes, full or empty", () => {
  for (const event of [full, {}, { ...full, bytes: -5 }, { ...full, bytes: 2 ** 52, args: [] }]) {
    assertEquals(faults(schema, JSON.parse(rowsOf(jsonLines(columns), [event]))), []);
  }
});

Deno.test("jsonSchema() fits nothing else", () => {
  const good = JSON.parse(rowsOf(jsonLines(columns), [full]));
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
  const chosen = namedFields<Event>(fields, "line,comm");
  const schema = JSON.parse(jsonSchema(tool, chosen));
  assertEquals(schema.required, ["line", "comm"]);
  assertEquals(faults(schema, JSON.parse(rowsOf(jsonLines(chosen), [full]))), []);
});
