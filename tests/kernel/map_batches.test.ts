import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { BpfError, BpfMap, createMap, ipv4Prefix, type MapType, u32, u64 } from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

const ENTRIES = 1009;

function made(type: MapType, maxEntries = ENTRIES) {
  const map = createMap({ type, key: u32, value: u64, maxEntries });
  return Object.assign(new BpfMap(map, u32, u64), {
    [Symbol.dispose]: () => map[Symbol.dispose](),
  });
}

/** What forEach() comes by. */
function walked<K, V>(map: BpfMap<K, V>): [K, V][] {
  const entries: [K, V][] = [];
  map.forEach((value, key) => void entries.push([key, value]));
  return entries;
}

const pairs = Array.from({ length: ENTRIES }, (_, i) => [i, BigInt(i * i)] as const);

kernelTest("batches write, read, take and remove what single calls do", {}, () => {
  using hash = made("hash");
  hash.updateBatch(pairs);
  assertEquals([...hash].sort(([a], [b]) => a - b), pairs.map(([key, value]) => [key, value]));
  assertEquals(walked(hash), [...hash]);
  assertEquals(hash.deleteBatch([1, 5000, 3, 6000, 7000, 5]), 3, "those that are there");
  assertEquals([...hash].length, ENTRIES - 3);
  const taken = hash.drain();
  assertEquals(taken.length, ENTRIES - 3);
  assertEquals(new Map(taken).get(1000), 1000000n);
  assertEquals([...hash], []);
  assertEquals([hash.drain(), hash.deleteBatch([1]), hash.deleteBatch([])], [[], 0, 0]);
  hash.updateBatch([]);
});

kernelTest("arrays are written in batches, and nothing can be removed", {}, () => {
  using array = made("array");
  array.updateBatch(pairs);
  assertEquals([...array], pairs.map(([key, value]) => [key, value]));
  assertThrows(() => array.deleteBatch([1]), BpfError);
  assertThrows(() => array.drain(), BpfError);
  assertEquals(array.lookup(1), 1n);
});

kernelTest("a kind of map without batches has the same operations", {}, () => {
  using map = createMap({ type: "lpm_trie", key: 8, value: u64, maxEntries: 300 });
  const trie = new BpfMap(map, ipv4Prefix, u64);
  const networks = Array.from({ length: 251 }, (_, i) => [`10.0.${i}.0/24`, BigInt(i)] as const);
  trie.updateBatch(networks);
  assertEquals([...trie].length, 251);
  assertEquals(walked(trie), [...trie]);
  assertEquals(trie.deleteBatch(["10.0.7.0/24", "10.0.7.0/25", "10.0.8.0/24"]), 2);
  assertEquals(trie.lookupAndDelete("10.0.9.0/24"), 9n);
  assertEquals(trie.lookupAndDelete("10.0.9.0/24"), undefined);
  const taken = trie.drain();
  assertEquals(taken.length, 248);
  assertEquals([...trie], []);
});

kernelTest("taking one entry gives it and removes it", {}, () => {
  using hash = made("hash");
  hash.update(7, 49n);
  assertEquals([hash.lookupAndDelete(7), hash.lookupAndDelete(7)], [49n, undefined]);
});

kernelTest("a full map says so and keeps what fitted", {}, () => {
  using hash = made("hash", 64);
  const error = assertThrows(() => hash.updateBatch(pairs), BpfError);
  assertEquals(error.code, "E2BIG");
  assertEquals([...hash].length, 64);
});

kernelTest("a bad key or value in a batch changes nothing", {}, () => {
  using hash = made("hash");
  assertThrows(() => hash.updateBatch([[1, 1n], [2, -1n]]), RangeError);
  assertThrows(() => hash.deleteBatch([1, -1]), RangeError);
  assertEquals([...hash], []);
});

for (const type of ["hash", "lpm_trie"] as const) {
  kernelTest(
    `iterating a ${type} map ends while entries come and go, and shows what stays`,
    {},
    () => {
      using map = createMap({ type, key: 8, value: u64, maxEntries: 8192 });
      const entries = new BpfMap(map, ipv4Prefix, u64);
      const name = (i: number) => `10.${i >> 14}.${(i >> 7) & 127}.${i & 127}/32`;
      const stays = Array.from({ length: 499 }, (_, i) => name(i));
      stays.forEach((key) => entries.update(key, 1n));
      const goes = Array.from({ length: 499 }, (_, i) => name(1000 + i));
      goes.forEach((key) => entries.update(key, 2n));
      const seen = new Map<string, number>();
      let steps = 0;
      for (const [key, value] of entries) {
        seen.set(key, (seen.get(key) ?? 0) + 1);
        if (value !== 1n) entries.delete(key); // the one that the walk stands on
        entries.update(name(2000 + steps), 3n);
        entries.delete(name(2000 + steps - 7));
        steps++;
      }
      assert(stays.every((key) => seen.get(key) === 1), "what stays is seen once");
      assertGreater(steps, 998 - 1);
      assert(steps < 8192);
    },
  );
}
