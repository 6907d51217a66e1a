import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { parseFilter } from "#lib/tool/output/filter.ts";
import { ValueError } from "#lib/tool/options/usage_errors.ts";
import type { Structure } from "#lib/tool/text/json_text.ts";

interface Event {
  readonly time?: bigint;
  readonly comm?: string;
  readonly pid?: number;
  readonly bytes?: bigint;
  readonly share?: number;
  readonly ok?: boolean;
  readonly args?: readonly string[];
  readonly slots?: readonly number[];
  readonly ret?: number;
  readonly sig?: string;
  readonly data?: Structure;
}

const brief = "A field";
const event = membersOf<Event>();
const fields = {
  time: event.time({ brief }, (e) => e.time),
  comm: event.text({ brief, header: "PCOMM" }, (e) => e.comm),
  pid: event.integer({ brief }, (e) => e.pid),
  bytes: event.integer({ brief }, (e) => e.bytes),
  share: event.decimal({ brief, decimals: 1 }, (e) => e.share),
  ok: event.boolean({ brief }, (e) => e.ok),
  args: event.words({ brief, only: "table" }, (e) => e.args),
  slots: event.integers({ brief }, (e) => e.slots),
  ret: event.errno({ brief }, (e) => e.ret),
  sig: event.signal({ brief }, (e) => e.sig),
  data: event.structure({ brief }, (e) => e.data),
};

const ls: Event = {
  time: 1_785_145_267_123_456_789n, // 2026-07-27T09:41:07.123456789Z
  comm: "ls",
  pid: 42,
  bytes: 2n ** 64n - 1n,
  share: 0.25,
  ok: true,
  args: ["ls", "--color", "a && b"],
  slots: [0, 3, 17],
  ret: -2,
  sig: "SIGKILL",
  data: { a: [1, 2n ** 60n], b: "x" },
};

// Regular expressions open libc, which stays open.
const opensLibc = { sanitizeResources: false };

function passes(filter: string | string[], event = ls): boolean {
  return parseFilter(fields, [filter].flat()).passes(event);
}

function allPass(filters: string[]): void {
  for (const filter of filters) assertEquals(passes(filter), true, filter);
}

function nonePass(filters: string[]): void {
  for (const filter of filters) assertEquals(passes(filter), false, filter);
}

Deno.test("a filter compares integers exactly, in decimal or hexadecimal", () => {
  allPass(["pid==42", "pid!=41", "pid<43", "pid<=42", "pid>41", "pid>=42", "pid==0x2a", "pid>-1"]);
  nonePass(["pid==41", "pid!=42", "pid<42", "pid<=41", "pid>42", "pid>=43", "pid<-1"]);
  allPass(["bytes==18446744073709551615", "bytes>18446744073709551614"]);
  nonePass(["bytes==18446744073709551614", "bytes<18446744073709551615"]);
});

Deno.test("a filter compares decimals and booleans", () => {
  allPass(["share==0.25", "share<.3", "share>=0", "ok==true", "ok!=false"]);
  nonePass(["share>0.25", "share<-1.5", "ok==false", "ok!=true"]);
});

Deno.test("a filter compares text as it is", () => {
  allPass(["comm==ls", 'comm=="ls"', "comm=='ls'", "comm!=LS", 'comm!=""']);
  nonePass(["comm==l", "comm!=ls", 'comm==""']);
});

Deno.test("a filter takes == of words for one of them", () => {
  allPass(["args==--color", "args=='a && b'", "args!=--colo"]);
  nonePass(["args==--colo", "args!=ls", "args=='ls --color'"]);
});

Deno.test("a filter looks for regular expressions in a value's text", opensLibc, () => {
  allPass(["comm~s$", "comm!~^s", "args~'ls --col'", "args ~ ^ls", "pid~^4", "ok~tru"]);
  allPass(["time~^2026-07-27T09", "comm~^(ls|sl)$", "bytes~615$", "share~25"]);
  nonePass(["comm~^s", "comm!~s$", "args~^--color", "pid~^2"]);
});

Deno.test("a filter takes a result by the name of its errno, and by numbers", opensLibc, () => {
  allPass(["ret==ENOENT", "ret==enoent", "ret==-2", "ret<0", "ret!=EPERM", "ret<EPERM", "ret>-3"]);
  nonePass(["ret==EPERM", "ret==2", "ret>=0", "ret!=ENOENT", "ret<=EINTR"]);
  allPass(["ret~^-2$"]);
  assertEquals(passes("ret==0x10", { ret: 16 }), true);
  assertThrows(() => passes("ret==ENOSUCH"), ValueError, '"ENOSUCH" is not a whole number');
});

Deno.test("a filter takes a signal by its name, its short name and its number", opensLibc, () => {
  allPass(["sig==SIGKILL", "sig==KILL", "sig==kill", "sig==9", "sig!=TERM", "sig!=15", "sig~^SIG"]);
  nonePass(["sig==TERM", "sig==15", "sig!=KILL", "sig!=9", "sig==SIGKIL", 'sig==""']);
  assertEquals(passes("sig==34", { sig: "SIGRTMIN+2" }), true);
  assertEquals(passes("sig==rtmin+2", { sig: "SIGRTMIN+2" }), true);
});

Deno.test("a filter looks into lists of numbers and structures by their text", opensLibc, () => {
  allPass(["slots~^0 3 17$", 'data~\'"b":"x"\'', "data!~y"]);
  allPass([`data=='{"a":[1,"1152921504606846976"],"b":"x"}'`]);
  nonePass(["slots~18", "data=={}"]);
});

Deno.test("a filter compares times with their zone", () => {
  allPass([
    "time==2026-07-27T09:41:07.123456789Z",
    "time>2026-07-27T09:41:07.123456788Z",
    "time>=2026-07-27T11:41:07+02:00",
    "time<2026-07-27 09:42Z",
    "time>2026-07-26 00:00",
  ]);
  nonePass(["time<2026-07-27T09:41:07Z", "time==2026-07-27T09:41:07Z"]);
});

Deno.test("a filter takes a time alone for today's, in the host's zone", () => {
  const noon = new Date();
  noon.setHours(12, 0, 0, 250);
  const event = { time: BigInt(noon.getTime()) * 1_000_000n };
  for (const filter of ["time==12:00:00.25", "time>12:00", "time<12:01", "time<12:00:01"]) {
    assertEquals(passes(filter, event), true, filter);
  }
});

Deno.test("a filter's conditions must all be met, in one text and in several", () => {
  allPass(["pid==42&&comm==ls", " pid == 42  &&  comm == ls ", "pid>1 && pid<99 && ok==true"]);
  nonePass(["pid==42 && comm==sl", "pid==41 && comm==ls"]);
  assertEquals(passes(["pid==42", "comm==ls"]), true);
  assertEquals(passes(["pid==42", "comm==sl"]), false);
  assertEquals(passes([]), true);
});

Deno.test("an event without a value meets no condition on it", opensLibc, () => {
  const operators = ["pid==1", "pid!=1", "pid<1", "pid>=1", "comm==a", "comm!=a", "comm~a"];
  for (const filter of [...operators, "comm!~a", "ok!=true", "args!=a", "args!~a", "time>00:00"]) {
    assertEquals(passes(filter, {}), false, filter);
  }
});

Deno.test("a filter names the fields that it looks at", () => {
  assertEquals(parseFilter(fields, ["pid>1 && comm==a", "ok==true"]).names, ["pid", "comm", "ok"]);
});

Deno.test("a filter that is wrong says where and why", opensLibc, () => {
  const expected: Record<string, string> = {
    "": '"", character 1: the name of a field is missing',
    "==5": '"==5", character 1: the name of a field is missing',
    "pid": '"pid", character 4: one of == != < <= > >= ~ !~ must follow pid',
    "pid=5": '"pid=5", character 4: one of == != < <= > >= ~ !~ must follow pid',
    "pid=>5": '"pid=>5", character 4: one of == != < <= > >= ~ !~ must follow pid',
    "pid==": `"pid==", character 6: a value is missing; "" is an empty one`,
    "pid== && ok==true": `"pid== && ok==true", character 7: a value is missing; "" is an empty one`,
    "pid==five": '"pid==five", character 6: "five" is not a whole number',
    "pid==1.5": '"pid==1.5", character 6: "1.5" is not a whole number',
    "share<1e3": '"share<1e3", character 7: "1e3" is not a number',
    "ok==yes": '"ok==yes", character 5: "yes" is neither true nor false',
    "ok<true": '"ok<true", character 4: ok has no order: == != ~ and !~ are for boolean',
    "args>a": '"args>a", character 6: args has no order: == != ~ and !~ are for words',
    "sig<9": '"sig<9", character 5: sig has no order: == != ~ and !~ are for text',
    "slots==3": '"slots==3", character 8: slots is a list of numbers: ~ and !~ are for it',
    "ret==ENO": '"ret==ENO", character 6: "ENO" is not a whole number',
    "comm<b": '"comm<b", character 6: comm has no order: == != ~ and !~ are for text',
    "time>noon":
      '"time>noon", character 6: "noon" is not a time, such as 14:30:05 or 2026-07-27T14:30:05.123Z',
    "time>25:00":
      '"time>25:00", character 6: "25:00" is not a time, such as 14:30:05 or 2026-07-27T14:30:05.123Z',
    "pid>1 && comm~(a":
      '"pid>1 && comm~(a", character 15: "(a" is no regular expression: Unmatched ( or \\(',
    "pid>1 &&": '"pid>1 &&", character 9: the name of a field is missing',
    "comm=='a'b": `"comm=='a'b", character 10: && or the end must follow a value`,
    "comm==a || ok==true": `"comm==a || ok==true", character 7: there is no ||, but ~ 'a|b'`,
    "pdi==5": '"pdi==5", character 1: there is no field "pdi", did you mean pid? ' +
      "(the fields are time, comm, pid, bytes, share, ok, args, slots, ret, sig, data)",
  };
  for (const [filter, message] of Object.entries(expected)) {
    const error = assertThrows(() => parseFilter(fields, [filter]), ValueError);
    assertEquals(error.message, message);
  }
});

Deno.test("a filter is read or complained about, whatever it is", opensLibc, () => {
  const names = fc.constantFrom(...Object.keys(fields), "pdi", "");
  const operators = fc.constantFrom("==", "!=", "<", "<=", ">", ">=", "~", "!~", "=", " && ");
  const values = fc.oneof(
    fc.integer().map(String),
    fc.string({ maxLength: 8 }),
    fc.constant("a b"),
  );
  const parts = fc.array(fc.oneof(names, operators, values), { maxLength: 12 });
  const conditions = fc.tuple(names, operators, values).map((parts) => parts.join(""));
  fc.assert(fc.property(fc.oneof(conditions, parts.map((parts) => parts.join(""))), (text) => {
    try {
      assertEquals(typeof passes(text), "boolean");
    } catch (error) {
      assertInstanceOf(error, ValueError);
    }
  }));
});
