import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { MapsKinds } from "../../build/tests/skel/maps_kinds.ts";
import {
  BloomFilter,
  BpfError,
  BpfMap,
  CgroupArray,
  createMap,
  ipv4Prefix,
  ipv6Prefix,
  openMap,
  PhaseError,
  possibleCpus,
  Queue,
  u32,
  u64,
} from "#lib/mod.ts";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { call, KINDS_CALL } from "./call.ts";
import { kernelTest } from "./harness.ts";

function loadedKinds(attach = true) {
  const opened = MapsKinds.open();
  opened.rodata.owner = Deno.pid;
  opened.progs.on_jump_0.autoattach = false;
  opened.progs.on_jump_1.autoattach = false;
  const kinds = opened.load();
  return attach ? kinds.attach() : kinds;
}

kernelTest("a queue gives the oldest first, a stack the newest", {}, () => {
  using kinds = loadedKinds();
  const { queue, stack } = kinds.maps;
  for (let number = 1; number <= 7; number++) {
    assert(queue.push({ number, name: `job ${number}` }));
    assert(stack.push(number));
  }
  assertEquals(queue.push({ number: 8, name: "" }), false, "seven fit");
  assertEquals(queue.peek(), { number: 1, name: "job 1" });
  call(KINDS_CALL | 99);
  assertEquals(kinds.bss.last_popped, 1, "the program takes from the same queue");
  assertEquals(stack.pop(), 99, "and pushes onto the same stack");
  assertEquals([2, 3, 4, 5, 6, 7].map(() => queue.pop()?.number), [2, 3, 4, 5, 6, 7]);
  assertEquals([7, 6, 5, 4, 3, 2].map(() => stack.pop()), [7, 6, 5, 4, 3, 2]);
  assertEquals([queue.pop(), queue.peek(), stack.pop()], [undefined, undefined, undefined]);
  for (let number = 1; number <= 8; number++) assert(stack.push(number, { force: true }));
  assertEquals([stack.pop(), stack.maxEntries], [8, 7], "the oldest made room");
  assertThrows(() => queue.push({ number: -1, name: "" }), RangeError, "number");
});

kernelTest("a bloom filter knows what was never added", { needs: ["bloom_filter"] }, () => {
  using map = createMap({ type: "bloom_filter", value: u64, maxEntries: 1009, extra: 4n });
  const seen = new BloomFilter(map, u64);
  for (let i = 0n; i < 1009n; i++) seen.add(i * i);
  for (let i = 0n; i < 1009n; i++) assert(seen.has(i * i));
  let mistaken = 0;
  for (let i = 0n; i < 1009n; i++) if (seen.has(i * i + 1_000_000_007n)) mistaken++;
  assert(mistaken < 500, `${mistaken} of 1009 are taken for added ones`);
});

kernelTest("an LRU map forgets, and takes more than it holds", {}, () => {
  using kinds = loadedKinds();
  for (let i = 0; i < 1009; i++) call(KINDS_CALL | i);
  for (const map of [kinds.maps.lru, kinds.maps.lru_per_cpu]) {
    const keys = [...map].map(([key]) => key);
    assert(keys.length > 0 && keys.length <= 128);
    assertEquals(keys.length, new Set(keys).size);
  }
  assertEquals(kinds.maps.lru.lookup(1008), 1008n, "the last one is there");
  const values = kinds.maps.lru_per_cpu.lookup(1008)!;
  assertEquals(values.length, possibleCpus());
  assertEquals(values.reduce((sum, value) => sum + value), 1008n);
});

kernelTest("an LPM trie gives the longest prefix that fits", {}, () => {
  using kinds = loadedKinds();
  const { zones } = kinds.maps;
  zones.update({ prefixlen: 8, address: Uint8Array.of(10, 0, 0, 0) }, 8);
  zones.update({ prefixlen: 24, address: Uint8Array.of(10, 1, 2, 0) }, 24);
  zones.update({ prefixlen: 32, address: Uint8Array.of(10, 1, 2, 7) }, 32);
  call(KINDS_CALL | 7);
  assertEquals(kinds.bss.zone, 32);
  call(KINDS_CALL | 8);
  assertEquals(kinds.bss.zone, 24);
  const text = new BpfMap(zones, ipv4Prefix, u32);
  assertEquals(
    [...text].sort(([, a], [, b]) => a - b),
    [["10.0.0.0/8", 8], ["10.1.2.0/24", 24], ["10.1.2.7/32", 32]],
  );
  assertEquals(text.lookup("10.9.9.9/32"), 8);
  assertEquals(text.delete("10.0.0.0/8"), true);
  assertEquals(text.lookup("10.9.9.9"), undefined);
  for (const bad of ["10.0.0/8", "10.0.0.0/33", "10.0.0.256/8", "10.0.0.0/x", "", "::/0"]) {
    assertThrows(() => text.lookup(bad), RangeError, "IPv4 prefix");
  }
});

kernelTest("IPv6 networks are keys as text", {}, () => {
  using map = createMap({ type: "lpm_trie", key: ipv6Prefix, value: u32, maxEntries: 16 });
  const zones = new BpfMap(map, ipv6Prefix, u32);
  const networks = ["2001:db8::/32", "2001:db8:0:1::/64", "::1/128", "::/0", "fe80::/10"];
  networks.forEach((network, i) => zones.update(network, i));
  assertEquals([...zones].map(([key]) => key).sort(), [...networks].sort());
  assertEquals(zones.lookup("2001:db8:0:1:ffff::5"), 1);
  assertEquals(zones.lookup("2001:DB8:1::"), 0);
  assertEquals(zones.lookup("::ffff:192.0.2.1"), 3);
  for (const bad of ["1::2::3/8", "12345::/16", ":::", "1:2:3:4:5:6:7", "::/129", "1.2.3.4"]) {
    assertThrows(() => zones.lookup(bad), RangeError, "IPv6 prefix");
  }
});

kernelTest("maps in maps are set, read back by id and opened", {}, () => {
  using kinds = loadedKinds();
  const { array_of_maps, hash_of_maps, first_inner } = kinds.maps;
  call(KINDS_CALL | 5);
  assertEquals([...first_inner], [[5, 1n]], "the one that C put in");
  assertEquals(array_of_maps.id(1), undefined);
  using own = createMap({ type: "hash", name: "own", key: u32, value: u64, maxEntries: 16 });
  hash_of_maps.set(6n, own);
  array_of_maps.set(2, own.fd);
  call(KINDS_CALL | 6);
  const { id } = own.info();
  assertEquals([hash_of_maps.id(6n), array_of_maps.id(2)], [id, id]);
  assertEquals([...hash_of_maps.entries()], [[6n, id]]);
  assertEquals([...array_of_maps.entries()].map(([key]) => key), [0, 2]);
  {
    using inner = hash_of_maps.open(6n)!;
    assertEquals([...inner], [[6, 6n]], "the program has written to it");
    using first = array_of_maps.open(0)!;
    assertEquals(first.lookup(6), 1n);
  }
  assertEquals(hash_of_maps.delete(6n), true);
  assertEquals([hash_of_maps.id(6n), hash_of_maps.open(6n)], [undefined, undefined]);
  using other = createMap({ type: "hash", key: u32, value: u32, maxEntries: 16 });
  const error = assertThrows(() => hash_of_maps.set(7n, other), BpfError);
  assertEquals(error.code, "EINVAL");
});

kernelTest("a map of maps whose maps C does not describe is given an example", {}, () => {
  using example = createMap({ type: "array", key: 4, value: 8, maxEntries: 3 });
  using opened = MapsKinds.open();
  opened.maps.hash_of_maps.setInnerMap(example);
  const kinds = opened.load();
  using own = createMap({ type: "array", key: 4, value: 8, maxEntries: 3 });
  kinds.maps.hash_of_maps.set(1n, own);
  assertEquals(kinds.maps.hash_of_maps.id(1n), own.info().id);
  assertThrows(() => kinds.maps.hash_of_maps.setInnerMap(example), PhaseError, "loaded already");
});

kernelTest("programs in a prog array are jumped to", {}, () => {
  using kinds = loadedKinds();
  const { jump_table } = kinds.maps;
  call(KINDS_CALL | 0);
  assertEquals(kinds.bss.jumps, [0n, 0n, 1n], "nothing to jump to yet");
  jump_table.set(0, kinds.progs.on_jump_0);
  jump_table.set(1, kinds.progs.on_jump_1);
  for (let i = 0; i < 3; i++) call(KINDS_CALL | 0);
  for (let i = 0; i < 5; i++) call(KINDS_CALL | 1);
  assertEquals(kinds.bss.jumps, [3n, 5n, 1n]);
  const ids = [...jump_table.entries()];
  assertEquals(ids.map(([index]) => index), [0, 1]);
  assertEquals(jump_table.id(1), ids[1][1]);
  assertEquals(jump_table.delete(1), true);
  call(KINDS_CALL | 1);
  assertEquals([kinds.bss.jumps[2], jump_table.id(1)], [2n, undefined]);
  assertThrows(() => jump_table.set(2, kinds.progs.on_jump_0), BpfError, "E2BIG");
});

kernelTest("stacks are read by the id that the program got", {}, () => {
  using kinds = loadedKinds();
  call(KINDS_CALL | 3);
  const { stack_id } = kinds.bss;
  const stack = kinds.maps.stacks.lookup(stack_id)!;
  assertGreater(stack.length, 0);
  assert(stack.every((address) => address > 0xffff_0000_0000_0000n), "kernel addresses");
  assertEquals(new Map(kinds.maps.stacks.entries()).get(stack_id), stack);
  assertEquals(kinds.maps.stacks.lookup(-14), undefined, "-EFAULT in place of an id");
  assertEquals(kinds.maps.stacks.delete(stack_id), true);
  assertEquals(kinds.maps.stacks.lookup(stack_id), undefined);
  const [[, frames]] = [...kinds.maps.build_ids.entries()];
  assertGreater(frames.length, 0);
  assert(frames.every(({ buildId }) => buildId === "" || /^[0-9a-f]{40}$/.test(buildId)));
});

kernelTest("a program asks for a cgroup that a cgroup array holds", {}, () => {
  using kinds = loadedKinds();
  const cgroups = new CgroupArray(kinds.maps.cgroups);
  const root = cgroupMount()!;
  assertThrows(() => cgroups.set(0, `${root}/there is none`), Error, "No such file");
  assertThrows(() => cgroups.set(0, "/proc"), BpfError, "EBADF");
  cgroups.set(0, root);
  call(KINDS_CALL | 3);
  assertEquals(kinds.bss.in_cgroup, 1, "every process is in the root cgroup");
  assertEquals(cgroups.delete(0), true);
});

kernelTest("a map of another kind or size is refused, and nothing is written", {}, () => {
  using kinds = loadedKinds(false);
  using hash = createMap({ type: "hash", name: "plain", key: u32, value: u64, maxEntries: 3 });
  assertThrows(() => new Queue(hash, u64), TypeError, "map plain is of type hash, not queue");
  assertThrows(() => new BpfMap(hash, u32, u32), RangeError, "values have 8 bytes, u32 has 4");
  assertThrows(() => new BpfMap(hash, u64, u64), RangeError, "keys have 4 bytes, u64 has 8");
  assertThrows(() => new BpfMap(kinds.maps.queue, u32, u32), RangeError, "keys have 0 bytes");
  assertThrows(() => openMap(2 ** 31), BpfError, "with the id");
});

kernelTest("nothing of a closed object's particular maps can be touched", {}, () => {
  const kinds = loadedKinds(false);
  kinds[Symbol.dispose]();
  const { queue, hash_of_maps, jump_table, stacks } = kinds.maps;
  const touches = [
    () => queue.push({ number: 1, name: "" }),
    () => queue.pop(),
    () => queue.peek(),
    () => hash_of_maps.set(1n, 0),
    () => hash_of_maps.open(1n),
    () => jump_table.id(0),
    () => stacks.lookup(1),
    () => [...stacks.entries()],
    () => kinds.maps.zones.keySize,
  ];
  for (const touch of touches) assertThrows(touch, PhaseError, "is closed");
});
