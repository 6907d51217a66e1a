import { assertEquals, assertThrows } from "@std/assert";
import { BpfError, PhaseError, possibleCpus } from "#lib/mod.ts";
import { call, MAPS_CALL, openMaps } from "./call.ts";
import { kernelTest } from "./harness.ts";

const ENTRIES = 10007;

kernelTest("a hash map gives back what was put in", {}, () => {
  using maps = openMaps().load();
  const { hash } = maps.maps;
  const key = { id: 7, port: 80, family: 2 };
  assertEquals(hash.lookup(key), undefined);
  assertEquals(hash.update(key, { count: 1n, name: "one" }, "exist"), false);
  assertEquals(hash.update(key, { count: 1n, name: "one" }, "noexist"), true);
  assertEquals(hash.update(key, { count: 2n, name: "two" }, "noexist"), false);
  assertEquals(hash.lookup(key), { count: 1n, name: "one" });
  assertEquals(hash.update(key, { count: 2n, name: "two" }), true);
  assertEquals(hash.lookup(key), { count: 2n, name: "two" });
  assertEquals(hash.delete(key), true);
  assertEquals(hash.delete(key), false);
});

kernelTest("iterating a hash map gives each entry once, batch after batch", {}, () => {
  using maps = openMaps().load();
  const { hash } = maps.maps;
  for (let id = 0; id < ENTRIES; id++) {
    hash.update({ id, port: id & 0xffff, family: 2 }, { count: BigInt(id), name: `n${id}` });
  }
  const seen = new Set<number>();
  for (const [key, value] of hash) {
    assertEquals(value, { count: BigInt(key.id), name: `n${key.id}` });
    seen.add(key.id);
  }
  assertEquals(seen.size, ENTRIES);
  assertEquals([...hash].length, ENTRIES);
});

kernelTest("a map kind without batches is walked one by one", {}, () => {
  using maps = openMaps().load();
  const { trie } = maps.maps;
  const prefixes = Array.from({ length: 11 }, (_, i) => Uint8Array.of(32, 0, 0, 0, 10, 0, 0, i));
  prefixes.forEach((prefix, i) => trie.update(prefix, i));
  const found = [...trie].map(([key, value]) => [key[7], value]);
  assertEquals(found.sort((a, b) => a[0] - b[0]), prefixes.map((_, i) => [i, i]));
});

kernelTest("an array map has all its elements from the start", {}, () => {
  using maps = openMaps().load();
  maps.maps.array.update(3, 9n);
  assertEquals([...maps.maps.array], [0, 1, 2, 3, 4, 5, 6].map((i) => [i, i === 3 ? 9n : 0n]));
  assertThrows(() => maps.maps.array.update(7, 1n), BpfError, "E2BIG");
});

kernelTest("per-CPU values are one for each possible CPU", {}, () => {
  using maps = openMaps().load().attach();
  const { per_cpu_array, per_cpu_hash } = maps.maps;
  for (let i = 0; i < 23; i++) call(MAPS_CALL | 3);
  const values = per_cpu_array.lookup(1)!;
  assertEquals(values.length, possibleCpus());
  assertEquals(values.reduce((sum, value) => sum + value, 0), 69);
  const numbers = values.map((_, cpu) => BigInt(cpu) << 40n);
  per_cpu_hash.update(5, numbers);
  assertEquals([...per_cpu_hash], [[5, numbers]]);
  assertThrows(() => per_cpu_hash.update(5, [...numbers, 1n]), RangeError);
});

kernelTest("keys and values out of range are refused by name and change nothing", {}, () => {
  using maps = openMaps().load();
  const { hash } = maps.maps;
  const key = { id: 1, port: 2, family: 3 };
  hash.update(key, { count: 1n, name: "kept" });
  const bad = [
    () => hash.update({ ...key, port: 65536 }, { count: 2n, name: "" }),
    () => hash.update(key, { count: -1n, name: "" }),
    () => hash.update(key, { count: 2n, name: "seventeen letters" }),
    () => hash.lookup({ ...key, id: 1.5 }),
  ];
  for (const attempt of bad) assertThrows(attempt, RangeError);
  assertThrows(() => hash.update({ ...key, port: 65536 }, { count: 2n, name: "" }), Error, "port");
  assertEquals([...hash], [[key, { count: 1n, name: "kept" }]]);
});

kernelTest("global variables are set before load and live after it", {}, () => {
  using opened = openMaps();
  opened.rodata.step = 3;
  assertEquals(opened.data.total, 1000n);
  const maps = opened.load().attach();
  call(MAPS_CALL | 7);
  assertEquals(maps.bss.calls, 1n);
  assertEquals(maps.data.total, 1021n);
  maps.data.total = 5n;
  call(MAPS_CALL | 1);
  assertEquals(maps.data.total, 8n, "the program sees what is written here");
  assertEquals(maps.rodata.step, 3);
});

kernelTest("a write into loaded .rodata throws instead of ending the process", {}, () => {
  using maps = openMaps().load();
  assertThrows(() => (maps.rodata as { step: number }).step = 4, PhaseError, "read-only");
  assertEquals(maps.rodata.step, 1);
});

kernelTest("nothing of a closed skeleton can be touched", {}, () => {
  const opened = openMaps();
  assertThrows(() => opened.load().maps.array.maxEntries = 3, PhaseError, "loaded already");
  const maps = opened as unknown as ReturnType<typeof opened.load>;
  assertThrows(() => maps.maps.hash.update(null!, null!), TypeError);
  maps[Symbol.dispose]();
  maps[Symbol.dispose]();
  assertThrows(() => maps.bss.calls, PhaseError, "closed");
  assertThrows(() => maps.bss.calls = 1n, PhaseError, "closed");
  assertThrows(() => maps.maps.array.lookup(0), PhaseError, "closed");
  assertThrows(() => [...maps.maps.array], PhaseError, "closed");
  assertThrows(() => maps.attach(), PhaseError, "closed");
  assertThrows(() => opened.load(), PhaseError, "closed");
  assertThrows(() => maps.progs.on_call.section, PhaseError, "closed");
});

kernelTest("several skeletons of one object live side by side", {}, () => {
  using first = openMaps().load().attach();
  using second = openMaps().load();
  call(MAPS_CALL | 1);
  second.attach();
  call(MAPS_CALL | 1);
  assertEquals([first.bss.calls, second.bss.calls], [2n, 1n]);
});
