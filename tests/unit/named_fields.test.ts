import { assertEquals, assertThrows } from "@std/assert";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { namedFields } from "#lib/tool/output/named_fields.ts";
import { nearest } from "#lib/sys/nearest.ts";
import { parseOrder } from "#lib/tool/output/sort.ts";
import { ValueError } from "#lib/tool/options/usage_errors.ts";

interface Row {
  readonly comm?: string;
  readonly count?: number | bigint;
}

const brief = "A field";
const row = membersOf<Row>();
const fields = {
  comm: row.text({ brief, header: "PCOMM" }, (row) => row.comm),
  count: row.integer({ brief }, (row) => row.count),
  total_ns: row.integer({ brief, only: "table" }, (row) => row.count),
};

const names = (list: string) => namedFields(fields, list).map(({ name }) => name);

Deno.test("namedFields() picks and orders any of the fields", () => {
  assertEquals(names("count"), ["count"]);
  assertEquals(names("total_ns,comm"), ["total_ns", "comm"]);
  assertEquals(names(" count , comm "), ["count", "comm"]);
});

Deno.test("namedFields() rejects what is no field, and says which there are", () => {
  const all = "(the fields are comm, count, total_ns)";
  const expected: Record<string, string> = {
    "": `there is no field "" ${all}`,
    "comm,": `there is no field "" ${all}`,
    "cuont": `there is no field "cuont", did you mean count? ${all}`,
    "pcomm": `there is no field "pcomm", did you mean comm? ${all}`,
    "COUNT": `there is no field "COUNT", did you mean count? ${all}`,
    "total": `there is no field "total", did you mean total_ns? ${all}`,
    "constructor": `there is no field "constructor" ${all}`,
    "a\nb": `there is no field "a\\nb" ${all}`,
    "comm,count,comm": "comm is there twice",
  };
  for (const [list, message] of Object.entries(expected)) {
    assertEquals(assertThrows(() => names(list), ValueError).message, message, list);
  }
});

Deno.test("nearest() knows letters too many, too few, wrong and swapped", () => {
  const known = ["pid", "ppid", "args", "args_truncated", "duration_ns"];
  for (
    const [given, meant] of [
      ["pids", "pid"],
      ["pi", "pid"],
      ["pdi", "pid"],
      ["arg", "args"],
      ["agrs", "args"],
      ["PPID", "ppid"],
      ["args_trunkated", "args_truncated"],
      ["dur", "duration_ns"],
      ["uid", "pid"],
      ["path", undefined],
      ["", undefined],
    ] as const
  ) assertEquals(nearest(given, known), meant, given);
});

const rows: Row[] = [{ comm: "b", count: 2n ** 60n }, { comm: "a" }, { count: 3 }, { count: 3n }];
const sorted = (order: string) =>
  parseOrder<Row>(fields, order).sort(rows).map((row) => rows.indexOf(row));

Deno.test("parseOrder() sorts by a field, upwards or with a dash downwards", () => {
  assertEquals(sorted("count"), [2, 3, 0, 1]);
  assertEquals(sorted("-count"), [0, 2, 3, 1]);
  assertEquals(sorted("comm"), [1, 0, 2, 3]);
  assertEquals(sorted("-comm"), [0, 1, 2, 3]);
  assertEquals(parseOrder(fields, "-count").field.name, "count");
});

Deno.test("parseOrder() rejects what is no field", () => {
  assertThrows(() => parseOrder(fields, "-cont"), ValueError, "did you mean count?");
});
