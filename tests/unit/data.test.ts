/** JSON and CSV, which show the same fields. */
import { assertEquals, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { decodeText } from "#lib/sys/text.ts";
import { column, dataColumns } from "#lib/tool/members/member.ts";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { csvLines } from "#lib/tool/output/csv.ts";
import { jsonLines } from "#lib/tool/output/json.ts";
import { headerOf, rowsOf } from "./written.ts";

interface Event {
  readonly time?: bigint;
  readonly comm?: string;
  readonly bytes?: bigint | number;
  readonly share?: number;
  readonly args?: readonly string[];
  readonly truncated?: boolean;
}

const brief = "A field";
const event = membersOf<Event>();
const fields = {
  time: event.time({ brief }, (e) => e.time),
  comm: event.text({ brief }, (e) => e.comm),
  bytes: event.integer({ brief }, (e) => e.bytes),
  share: event.decimal({ brief, decimals: 1 }, (e) => e.share),
  line: event.text({ brief, only: "table" }, () => "not here"),
  args: event.words({ brief }, (e) => e.args),
  truncated: event.boolean({ brief }, (e) => e.truncated),
};

const full: Event = {
  time: 1_785_145_267_123_456_789n,
  comm: "bash",
  bytes: 4096n,
  share: 0.25,
  args: ["bash", "-c", "a b"],
  truncated: false,
};

const columns = dataColumns<Event>(fields);
const asJson = (...events: Event[]) => rowsOf(jsonLines(columns), events);
const asCsv = (...events: Event[]) => rowsOf(csvLines(columns), events);

Deno.test("jsonLines() gives one object a line, without a header", () => {
  assertEquals(headerOf(jsonLines(columns)), "");
  assertEquals(
    asJson(full, {}),
    '{"time":"2026-07-27T09:41:07.123456789Z","comm":"bash","bytes":4096,"share":0.25,' +
      '"args":["bash","-c","a b"],"truncated":false}\n' +
      '{"time":null,"comm":null,"bytes":null,"share":null,"args":null,"truncated":null}\n',
  );
});

Deno.test("jsonLines() keeps integers exact: those beyond 2^53 are strings", () => {
  const bytes = (value: bigint | number) => JSON.parse(asJson({ bytes: value })).bytes;
  assertEquals(bytes(2n ** 53n - 1n), 9007199254740991);
  assertEquals(bytes(2n ** 53n), "9007199254740992");
  assertEquals(bytes(2n ** 53n + 1n), "9007199254740993");
  assertEquals(bytes(-(2n ** 63n)), "-9223372036854775808");
  assertEquals(bytes(-2), -2);
});

Deno.test("jsonLines() gives back any text, and is nothing a terminal would obey", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    const comm = decodeText(bytes, 0, bytes.length);
    const line = asJson({ comm, args: [comm] });
    assertEquals(line.trimEnd().search(/[\p{C}\p{Zl}\p{Zp}]/u), -1);
    const parsed = JSON.parse(line);
    assertEquals([parsed.comm, parsed.args], [comm, [comm]]);
  }));
  const comm = "\u009b31m\u202e\u{e0041}";
  assertEquals(JSON.parse(asJson({ comm })).comm, comm);
});

Deno.test("jsonLines() writes bytes that are not UTF-8 as lone surrogates", () => {
  assertEquals(asJson({ comm: "a\udcff" }).includes('"comm":"a\\udcff"'), true);
});

Deno.test("csvLines() has the names of the fields first and one line for an event", () => {
  assertEquals(headerOf(csvLines(columns)), "time,comm,bytes,share,args,truncated\n");
  assertEquals(
    asCsv(full, {}, { comm: 'a,"b"\nc' }),
    "2026-07-27T09:41:07.123456789Z,bash,4096,0.25,bash -c 'a b',false\n" +
      ",,,,,\n" +
      ',"a,""b""\\nc",,,,\n',
  );
});

Deno.test("csvLines() holds nothing that a spreadsheet takes for a formula", () => {
  const comms = ["=1+1", "+1", "-bash", "@SUM(A1)", "\t=1", "\r=1"];
  const cells = comms.map((comm) => asCsv({ comm }).split(",")[1]);
  assertEquals(cells, ["\\x3d1+1", "\\x2b1", "\\x2dbash", "\\x40SUM(A1)", "\\t=1", "\\r=1"]);
  assertEquals(asCsv({ args: ["-bash", "=1"] }), ",,,,\\-bash =1,\n");
  assertEquals(asCsv({ bytes: -2 }), ",,-2,,,\n");
});

Deno.test("column() rejects a name that is no field", () => {
  assertEquals(column(fields, "comm").name, "comm");
  assertThrows(() => column(fields, "cmm"), TypeError, 'no field "cmm"');
  assertThrows(() => column(fields, "constructor"), TypeError);
});
