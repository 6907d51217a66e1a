import { assert, assertEquals } from "@std/assert";
import { HeadersCalls } from "../../build/tests/skel/headers_calls.ts";
import { attachUprobe, testRun } from "#lib/mod.ts";
import { call, callElsewhere, CALLS_CALL } from "./call.ts";
import { kernelTest } from "./harness.ts";

const BY_HAND = 0;
const descend = new URL("../../build/tests/descend", import.meta.url).pathname;

type Loaded = ReturnType<ReturnType<typeof HeadersCalls.open>["load"]>;

function load(): Loaded {
  const opened = HeadersCalls.open();
  opened.rodata.owner = Deno.pid;
  return opened.load();
}

/** Runs one of the fixture's programs with two arguments and returns whether it returned true. */
function run(skel: Loaded, name: "begin" | "end" | "forget", what: number, frame = 0): boolean {
  const context = new Uint8Array(new BigUint64Array([BigInt(what), BigInt(frame)]).buffer);
  return testRun(skel.progs[name], { context }).retval === 1;
}

function counted({ bss }: Loaded) {
  return { ended: bss.ended, sum: bss.sum, lost_map: bss.lost_map };
}

kernelTest("a call ends once, with what it was begun with", {}, () => {
  using skel = load();
  assert(run(skel, "begin", BY_HAND, 700));
  assert(run(skel, "end", BY_HAND, 700));
  assert(!run(skel, "end", BY_HAND, 700));
  assertEquals(counted(skel), { ended: 1n, sum: 700n, lost_map: 0n });
});

kernelTest("of calls within one another the outermost is kept", {}, () => {
  using skel = load();
  assert(run(skel, "begin", BY_HAND, 700));
  assert(!run(skel, "begin", BY_HAND, 600));
  assert(!run(skel, "begin", BY_HAND, 500));
  assert(!run(skel, "end", BY_HAND, 500));
  assert(!run(skel, "end", BY_HAND, 600));
  assert(run(skel, "end", BY_HAND, 700));
  assertEquals(counted(skel), { ended: 1n, sum: 700n, lost_map: 0n });
});

kernelTest("a call whose end was not seen is lost, and the next one is not", {}, () => {
  using skel = load();
  for (let i = 0; i < 23; i++) assert(run(skel, "begin", BY_HAND, 700));
  assert(run(skel, "end", BY_HAND, 700));
  assertEquals(counted(skel), { ended: 1n, sum: 700n, lost_map: 22n });
});

kernelTest(
  "calls of several kinds do not touch each other, and those without room are lost",
  {},
  () => {
    using skel = load();
    const kinds = [0, 1, 2, 3, 4, 5, 6];
    assertEquals(kinds.map((what) => run(skel, "begin", what, 7)), [
      ...Array(4).fill(true),
      ...Array(3).fill(false),
    ]);
    assertEquals(kinds.filter((what) => run(skel, "end", what, 7)), [0, 1, 2, 3]);
    assertEquals(counted(skel), { ended: 4n, sum: 28n, lost_map: 3n });
  },
);

kernelTest("a call that was forgotten does not end, and is not lost", {}, () => {
  using skel = load();
  assert(run(skel, "begin", BY_HAND, 700));
  run(skel, "forget", BY_HAND);
  assert(!run(skel, "end", BY_HAND, 700));
  assert(run(skel, "begin", BY_HAND, 700));
  assertEquals(counted(skel), { ended: 0n, sum: 0n, lost_map: 0n });
});

kernelTest("every system call of several threads ends, 499 of 499", {}, async () => {
  using skel = load();
  const { on_enter, on_exit } = skel.progs;
  on_enter.attach();
  on_exit.attach();
  for (let number = 1; number <= 250; number++) call(CALLS_CALL | number);
  await callElsewhere(...Array.from({ length: 249 }, (_, i) => CALLS_CALL | 251 + i)).status;
  assertEquals(counted(skel), { ended: 499n, sum: 499n * 500n / 2n, lost_map: 0n });
  assert(skel.bss.total_ns > 0n);
  assertEquals([...skel.maps.many], []);
});

kernelTest("of a function that calls itself the outermost call is kept", {}, async () => {
  using skel = load();
  attachUprobe(skel.progs.on_descend, descend, "descend");
  attachUprobe(skel.progs.on_ascend, descend, "descend");
  const { success } = await new Deno.Command(descend, { args: ["31", "7"] }).output();
  assert(success);
  assertEquals(counted(skel), { ended: 31n, sum: 31n * 7n, lost_map: 0n });
  assertEquals([...skel.maps.many], []);
});
