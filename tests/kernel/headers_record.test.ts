import { assertEquals } from "@std/assert";
import { HeadersRecord } from "../../build/tests/skel/headers_record.ts";
import { testRun } from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

/** MOST and sizeof(struct event) of the fixture. */
const MOST = 16;
const SIZE = 16;

type Loaded = ReturnType<ReturnType<typeof HeadersRecord.open>["load"]>;

type Name = keyof Loaded["progs"];

/** Runs one of the fixture's programs and returns whether it returned true. */
function run({ progs }: Loaded, name: Name, from = 0n, times = 0n): boolean {
  const context = new Uint8Array(new BigUint64Array([from, times]).buffer);
  return testRun(progs[name], { context }).retval === 1;
}

/** BPF_F_TEST_RUN_ON_CPU of include/uapi/linux/bpf.h. */
const RUN_ON_CPU = 1;

/** The same on the first CPU, where the memory of this process may be out of reach. */
function runOnFirstCpu({ progs }: Loaded, name: Name, times = 0n): boolean {
  const context = new Uint8Array(new BigUint64Array([0n, times]).buffer);
  return testRun(progs[name], { context, cpu: 0, flags: RUN_ON_CPU }).retval === 1;
}

/** Sends a record with this text, a NUL behind it, appended `times` times. */
function sendStrings(skel: Loaded, text: string, times: number): boolean {
  const bytes = new TextEncoder().encode(`${text}\0`.padEnd(64, "\0"));
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  return run(skel, "send_strings", BigInt(address), BigInt(times));
}

function received({ maps }: Loaded) {
  const events: { number: number; size: number; cut: number; text: string; length: number }[] = [];
  maps.events.consume(({ number, size, cut, strings, $$length }) => {
    const text = new TextDecoder().decode(strings.slice(0, size));
    events.push({ number: Number(number), size, cut, text, length: $$length });
  });
  return events;
}

for (const from_kernel of [false, true]) {
  const whose = from_kernel ? "the kernel" : "a process";
  kernelTest(`strings of ${whose} are sent as long as they are, with a mark if cut`, {}, () => {
    using skel = HeadersRecord.open().load();
    skel.bss.from_kernel = from_kernel;
    for (
      const [text, sent, cut] of [
        ["short", "short\0", 0],
        ["", "\0", 0],
        ["it fits exactly", "it fits exactly\0", 0],
        ["it does not fit!", "it does not fit\0", 1],
        ["nor does one that is longer by far", "nor does one th\0", 1],
      ] as const
    ) {
      skel.bss.text = text;
      sendStrings(skel, text, 1);
      const size = sent.length;
      assertEquals(received(skel), [{ number: 1, size, cut, text: sent, length: SIZE + size }]);
    }
  });
}

kernelTest("a record takes strings as long as there is room for the longest", {}, () => {
  using skel = HeadersRecord.open().load();
  const full = "fifteen letters";
  for (const [times, fit] of [[3, 3], [4, 4], [5, 4], [7, 4]]) {
    sendStrings(skel, full, times);
    const text = `${full}\0`.repeat(fit);
    const cut = times > fit ? 1 : 0;
    assertEquals(received(skel), [
      { number: times, size: fit * MOST, cut, text, length: SIZE + fit * MOST },
    ]);
  }
  // Four times 14 bytes leave 8 of 64, less than a string may have.
  sendStrings(skel, "thirteen chrs", 5);
  assertEquals(received(skel).map(({ size, cut }) => [size, cut]), [[56, 1]]);
});

kernelTest("memory is sent in full, with a mark if there is more of it", {}, () => {
  using skel = HeadersRecord.open().load();
  skel.bss.as_bytes = true;
  sendStrings(skel, "0123456789abcdefg", 1);
  sendStrings(skel, "0123456789abcdefg", 2);
  const text = "0123456789abcdef";
  assertEquals(received(skel), [
    { number: 1, size: MOST, cut: 0, text, length: SIZE + MOST },
    { number: 2, size: 2 * MOST, cut: 1, text: text + text, length: SIZE + 2 * MOST },
  ]);
});

kernelTest("what cannot be read is empty, and nothing old is sent in its place", {}, () => {
  using skel = HeadersRecord.open().load();
  sendStrings(skel, "secret", 4);
  run(skel, "send_strings", 8n, 3n);
  run(skel, "send_fixed");
  assertEquals(received(skel).slice(1), [
    { number: 3, size: 0, cut: 0, text: "", length: SIZE },
    { number: 7, size: 0, cut: 0, text: "", length: SIZE },
  ]);
  assertEquals(skel.bss.lost, 0n);
});

kernelTest("a full ring loses events and counts them, those of both kinds", {}, () => {
  using skel = HeadersRecord.open().load();
  // 24 bytes with a string of none, 8 of which are the ring's own; a ring is a page at least.
  const room = Math.floor(skel.maps.events.maxEntries / (SIZE + 8));
  for (let i = 0; i < room - 1; i++) run(skel, "send_strings");
  const sent = ["send_fixed", "send_strings", "send_fixed", "send_fixed"] as const;
  assertEquals(sent.map((name) => run(skel, name)), [true, true, false, false]);
  assertEquals(skel.bss.lost, 3n);
  assertEquals(received(skel).length, room);
});

kernelTest("a program that interrupts another one's record loses its own", {}, () => {
  using skel = HeadersRecord.open().load();
  skel.bss.from_kernel = true;
  skel.bss.text = "afterwards";
  runOnFirstCpu(skel, "begin_only");
  for (let i = 0; i < 23; i++) assertEquals(runOnFirstCpu(skel, "send_strings", 1n), false);
  assertEquals([received(skel), skel.bss.lost], [[], 23n]);
  runOnFirstCpu(skel, "drop_begun");
  assertEquals(runOnFirstCpu(skel, "send_strings", 1n), true);
  assertEquals(received(skel).map(({ text }) => text), ["afterwards\0"]);
});
