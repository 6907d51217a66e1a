import { assert, assertEquals } from "@std/assert";
import { HeadersStacks } from "../../build/tests/skel/headers_stacks.ts";
import { attachUprobe } from "../../lib/mod.ts";
import { kernelTest } from "./harness.ts";

const descend = new URL("../../build/tests/descend", import.meta.url).pathname;
const ENOSPC = 28;

/** Calls descend() from 101 depths, three times each, all seen by the returned object. */
async function descended(entries: number, as_events = false) {
  const opened = HeadersStacks.open();
  opened.rodata.as_events = as_events;
  opened.maps.stacks.maxEntries = entries;
  const skel = opened.load();
  attachUprobe(skel.progs.on_descend, descend, "descend");
  const { success } = await new Deno.Command(descend, { args: ["3", "100"] }).output();
  assert(success);
  return skel;
}

/** How often each stack was counted, by its id. */
function counts({ maps }: Awaited<ReturnType<typeof descended>>): Map<number, number> {
  const sums = new Map<number, number>();
  for (const [{ stack }, count] of maps.counts) {
    sums.set(stack, (sums.get(stack) ?? 0) + Number(count));
  }
  return sums;
}

kernelTest("every distinct stack is kept once and counted, 101 of them", {}, async () => {
  using skel = await descended(512);
  const found = counts(skel);
  assertEquals([...found.values()], Array(101).fill(3));
  assertEquals([...skel.maps.stacks].length, 101);
  assertEquals(skel.bss.lost_map, 0n);
  const frames = [...found.keys()].map((id) => Number(skel.maps.stacks.lookup(id)!.frames));
  assertEquals(new Set(frames).size, 101, "each is one frame longer than another");
});

kernelTest("stacks without room are lost and counted, the others are not", {}, async () => {
  using skel = await descended(47);
  const found = counts(skel);
  assertEquals([...skel.maps.stacks].length, 47);
  assertEquals(found.get(-ENOSPC), 3 * (101 - 47));
  assertEquals(skel.bss.lost_map, BigInt(3 * (101 - 47)));
});

kernelTest("a stack in a record is the one that is kept", {}, async () => {
  using skel = await descended(512, true);
  let events = 0;
  skel.maps.events.consume(({ stack, size, strings }) => {
    const { frames, ips } = skel.maps.stacks.lookup(stack)!;
    const sent = new BigUint64Array(strings.slice(0, size).buffer);
    assertEquals([...sent], ips.slice(0, Number(frames)));
    events++;
  });
  assertEquals([events, skel.bss.lost], [303, 0n]);
});
