/** The view through which a trace reads its records, and the copy that is kept. */
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Bytes } from "#lib/btf/bytes.ts";
import { RecordView } from "#lib/btf/codec.ts";
import { RawText } from "#lib/sys/raw_text.ts";
import { keptMembers } from "#lib/tool/members/member.ts";
import { membersOf } from "#lib/tool/members/members_of.ts";
import { copierOf, placedView } from "#lib/tool/members/placed_view.ts";
import { type event, event as codec } from "#skel/bootstrap.ts";

interface Own {
  asked: number;
}

const own = (): Own => ({ asked: 0 });
const member = membersOf(codec, own);
const members = {
  time: member.c.time,
  pid: member.c.pid,
  comm: member.c.comm,
  file: member.text({ brief: "File" }, (r) => r.exit_event ? undefined : r.$filename),
  words: member.words({ brief: "Both" }, (r) => [r.$comm, r.$filename]),
  seconds: member.integer({ brief: "Lived" }, (r) => r.duration_ns / 1_000_000_000n),
  asked: member.integer({ brief: "How often it was asked for" }, (r) => ++r.$own.asked),
};

const exec: event = {
  time: 5n,
  duration_ns: 3_000_000_000n,
  pid: 42,
  ppid: 1,
  status: 0,
  exit_event: false,
  comm: "bash",
  filename: "/bin/bash",
};

const OFFSET = 24;

/** Two records one behind the other, and a view that is on the first. */
function placed() {
  const memory = Bytes.zeroed(OFFSET + 2 * codec.size);
  codec.encode(memory, OFFSET, exec);
  codec.encode(memory, OFFSET + codec.size, { ...exec, pid: 43, exit_event: true, comm: "sh" });
  const view = placedView(codec, members, (boot) => boot + 1000n, own());
  const at = (record: number) => {
    const start = OFFSET + record * codec.size;
    RecordView.place(view, memory, start, start + codec.size);
  };
  at(0);
  return { view, at, memory };
}

Deno.test("a placed view has the record's members, wall time, and what the tool keeps", () => {
  const { view } = placed();
  assertEquals([view.pid, view.comm, view.$comm.toString()], [42, "bash", "bash"]);
  assertEquals(view.$wall(7n), 1007n);
  assertEquals(view.$own.asked, 0);
  assertEquals(view.$$length, codec.size);
});

Deno.test("the event of a placed view is read where it lies, when it is asked for", () => {
  const { view, at } = placed();
  const { $event } = view;
  assertEquals([$event.time, $event.pid, $event.seconds], [1005n, 42, 3n]);
  assertInstanceOf($event.comm, RawText);
  assertEquals([String($event.comm), String($event.file)], ["bash", "/bin/bash"]);
  assertEquals(Object.keys($event), Object.keys(members));
  assertEquals(view.$own.asked, 0);
  at(1);
  assertEquals([$event.pid, String($event.comm), $event.file], [43, "sh", undefined]);
  assertEquals([$event.asked, $event.asked, view.$own.asked], [1, 2, 2]);
});

Deno.test("a copy has every member once, its text decoded, and outlives its record", () => {
  const { view, at, memory } = placed();
  const copy = copierOf<typeof view, typeof members>(members);
  const first = copy(view);
  at(1);
  const second = copy(view);
  memory.u8.fill(0x41);
  RecordView.release(view);
  const both = { time: 1005n, seconds: 3n };
  assertEquals(first, {
    ...both,
    pid: 42,
    comm: "bash",
    file: "/bin/bash",
    words: ["bash", "/bin/bash"],
    asked: 1,
  });
  assertEquals(second, {
    ...both,
    pid: 43,
    comm: "sh",
    file: undefined,
    words: ["sh", "/bin/bash"],
    asked: 2,
  });
  assertEquals(Object.keys(first), Object.keys(members));
  assertThrows(() => view.$event.pid, RangeError, "stands on no record");
});

Deno.test("the members of a copy are read from it as from its record", () => {
  const { view } = placed();
  const copy = copierOf<typeof view, typeof members>(members)(view);
  const kept = keptMembers(members);
  const read = Object.entries(kept).map(([name, { value }]) => [name, value(copy)]);
  assertEquals(Object.fromEntries(read), copy);
});

Deno.test("views of one codec do not share what they keep", () => {
  const [one, other] = [placed().view, placed().view];
  assertEquals([one.$event.asked, one.$event.asked, other.$event.asked], [1, 2, 1]);
});

Deno.test("a copier takes plain names alone, as it is made of them", () => {
  const value = member.integer({ brief: "A value" }, () => 1);
  for (const name of ["", "a-b", "1a", "A", "a b", "a: 1, b", "é", "__proto__", "a\n"]) {
    assertThrows(() => copierOf({ [name]: value }), TypeError, "is no name for a member");
  }
  assertEquals(copierOf({ constructor: value, a_1: value })({}), { constructor: 1, a_1: 1 });
});
