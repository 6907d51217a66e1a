import { assert, assertEquals } from "@std/assert";
import { HeadersStacks } from "../../build/tests/skel/headers_stacks.ts";
import { attachUprobe } from "#lib/mod.ts";
import { switchSets, takeSet } from "#lib/tool/mod.ts";
import { kernelTest } from "./harness.ts";

const descend = new URL("../../build/tests/descend", import.meta.url).pathname;
const ENOSPC = 28;

/** Calls descend() from 101 depths, three times each. */
async function callDescend(): Promise<void> {
  const { success } = await new Deno.Command(descend, { args: ["3", "100"] }).output();
  assert(success);
}

/** An object that has seen these calls. */
async function descended(entries: number, as_events = false, max_frames = 127) {
  const opened = HeadersStacks.open();
  Object.assign(opened.rodata, { as_events, max_frames });
  opened.maps.stacks.maxEntries = entries;
  const skel = opened.load();
  attachUprobe(skel.progs.on_descend, descend, "descend");
  await callDescend();
  return skel;
}

type Skeleton = Awaited<ReturnType<typeof descended>>;

/** How often each stack was counted, by its id. */
function counts({ maps }: Skeleton): Map<bigint, number> {
  const sums = new Map<bigint, number>();
  for (const [{ stack }, count] of maps.counts) {
    sums.set(stack, (sums.get(stack) ?? 0) + Number(count));
  }
  return sums;
}

/** How many frames the stack with this id has in the first set. */
const framesOf = ({ maps }: Skeleton, id: bigint) =>
  Number(maps.stacks.lookup({ set: 0, zero: 0, id })!.frames);

kernelTest("every distinct stack is kept once and counted, 101 of them", {}, async () => {
  using skel = await descended(512);
  const found = counts(skel);
  assertEquals([...found.values()], Array(101).fill(3));
  assertEquals([...skel.maps.stacks].length, 101);
  assertEquals(skel.bss.lost_map, 0n);
  const frames = [...found.keys()].map((id) => framesOf(skel, id));
  assertEquals(new Set(frames).size, 101, "each is one frame longer than another");
});

kernelTest("stacks without room are lost and counted, the others are not", {}, async () => {
  using skel = await descended(47);
  const found = counts(skel);
  assertEquals([...skel.maps.stacks].length, 47);
  assertEquals(found.get(-BigInt(ENOSPC)), 3 * (101 - 47));
  assertEquals(skel.bss.lost_map, BigInt(3 * (101 - 47)));
});

kernelTest("a set that is taken makes room for stacks of other processes", {}, async () => {
  using skel = await descended(127);
  const old = await switchSets(skel);
  assertEquals(takeSet(skel.maps.stacks, old).length, 101);
  await callDescend();
  const kept = takeSet(skel.maps.stacks, 1 - old);
  assertEquals(kept.length, 101, "where each is, the kernel has chosen anew");
  assertEquals([...counts(skel).keys()].length, 202);
  assertEquals(skel.bss.lost_map, 0n);
});

kernelTest("stacks have as many frames as are asked for", {}, async () => {
  using skel = await descended(512, false, 23);
  const frames = [...counts(skel).keys()].map((id) => framesOf(skel, id));
  assertEquals(Math.max(...frames), 23);
  assertEquals(skel.bss.lost_map, 0n);
});

kernelTest("a stack in a record is the one that is kept", {}, async () => {
  using skel = await descended(512, true);
  let events = 0;
  skel.maps.events.consume(({ stack, size, strings }) => {
    const { frames, ips } = skel.maps.stacks.lookup({
      set: 0,
      zero: 0,
      id: stack,
    })!;
    const sent = new BigUint64Array(strings.slice(0, Number(size)).buffer);
    assertEquals([...sent], ips.slice(0, Number(frames)));
    events++;
  });
  assertEquals([events, skel.bss.lost], [303, 0n]);
});
