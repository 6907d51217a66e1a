import { assertEquals, assertThrows } from "@std/assert";
import { MapsArena } from "../../build/tests/skel/maps_arena.ts";
import { Arena, createMap, mapInfo, openMap, PhaseError, testRun, u32, u64 } from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

/** Free in any process: far above the heap, far below the libraries. */
const ADDRESS = 1n << 44n;

const needs = ["arena"] as const;

kernelTest("an arena is memory, typed by what reads and writes it", { needs }, () => {
  using map = createMap({ type: "arena", maxEntries: 3 });
  using arena = new Arena(map);
  arena.write(0, u64, 7n);
  arena.write(arena.size - 4, u32, 0xffff_ffff);
  assertEquals([arena.read(0, u64), arena.read(4096, u64)], [7n, 0n]);
  assertEquals(arena.read(arena.size - 4, u32), 0xffff_ffff);
  assertThrows(() => arena.read(arena.size - 3, u32), RangeError, "lies beyond");
  assertThrows(() => arena.read(-1, u32), RangeError, "lies beyond");
  assertThrows(() => arena.write(0, u32, -1), RangeError);
});

kernelTest("an arena is shared with a program, and gone with its object", { needs }, () => {
  const object = MapsArena.open();
  object.maps.arena.extra = ADDRESS;
  object.rodata.start = ADDRESS;
  const { maps, progs } = object.load();
  for (let i = 0; i < 23; i++) maps.arena.write(i * 8, u64, BigInt(i * i));
  testRun(progs.sum);
  assertEquals(maps.arena.read(23 * 8, u64), 3795n, "the program has added them up");
  {
    using map = openMap(mapInfo(maps.arena).id);
    assertEquals([map.type, map.extra], [33, ADDRESS]);
  }
  object[Symbol.dispose]();
  assertThrows(() => maps.arena.read(8, u64), PhaseError, "is closed");
});
