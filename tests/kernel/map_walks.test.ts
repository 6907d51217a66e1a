import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  BloomFilter,
  BpfMap,
  type Codec,
  createMap,
  type KernelMap,
  mapKinds,
  MapOfMaps,
  PhaseError,
  Queue,
  u32,
  u64,
} from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

/** More than one batch. */
const ENTRIES = 8209;

type Type = "hash" | "array" | "queue" | "bloom_filter" | "lpm_trie";

function made(type: Type, key: number, maxEntries = ENTRIES) {
  return createMap({ type, key, value: u64, maxEntries });
}

/** Closes a map and makes one that gets the number of its descriptor: another map of the same sizes. */
function replace(map: KernelMap, type: Type, key: number): KernelMap {
  const { fd } = map;
  map[Symbol.dispose]();
  const other = made(type, key);
  assertEquals(other.fd, fd, "the number is used again");
  return other;
}

function filled(type: "hash" | "array" = "hash"): [KernelMap, BpfMap<number, bigint>] {
  const handle = made(type, 4);
  const map = new BpfMap(handle, u32, u64);
  map.updateBatch(Array.from({ length: ENTRIES }, (_, i) => [i, BigInt(i)] as const));
  return [handle, map];
}

/** `codec`, and what a caller's codec may do besides. */
function doing<T>(codec: Codec<T>, work: { encoding?: () => void; decoding?: () => void }) {
  return {
    ...codec,
    encode: (...args: Parameters<typeof codec.encode>) => {
      codec.encode(...args);
      work.encoding?.();
    },
    decode: (...args: Parameters<typeof codec.decode>) => {
      work.decoding?.();
      return codec.decode(...args);
    },
  };
}

kernelTest(
  "a walk ends when its map is closed, whatever has its descriptor's number then",
  {},
  () => {
    for (const type of ["hash", "array"] as const) {
      const [handle, map] = filled(type);
      const walk = map.entries();
      assert(!walk.next().done);
      using _ = replace(handle, type, 4);
      assertThrows(() => [...walk], PhaseError, "closed", type);
    }
  },
);

kernelTest("forEach ends when the function that it calls closes the map", {}, () => {
  const [handle, map] = filled();
  using other = new DisposableStack();
  let seen = 0;
  assertThrows(
    () =>
      map.forEach(() => {
        if (seen++ === 0) other.use(replace(handle, "hash", 4));
      }),
    PhaseError,
    "closed",
  );
  assert(seen < ENTRIES);
});

kernelTest("drain ends when a codec closes the map", {}, () => {
  const [handle] = filled();
  using other = new DisposableStack();
  let closed = false;
  const decoding = () => {
    if (closed) return;
    closed = true;
    other.use(replace(handle, "hash", 4));
  };
  const map = new BpfMap(handle, u32, doing(u64, { decoding }));
  assertThrows(() => map.drain(), PhaseError, "closed");
});

kernelTest("a walk by single keys ends when its map is closed", {}, () => {
  const handle = createMap({ type: "lpm_trie", key: 8, value: u64, maxEntries: 8 });
  const trie = new BpfMap(handle, u64, u64); // the prefix length in the low half
  for (let i = 0; i < 5; i++) trie.update(32n | BigInt(i) << 32n, BigInt(i));
  const walk = trie.entries();
  assert(!walk.next().done);
  using _ = replace(handle, "lpm_trie", 8);
  assertThrows(() => [...walk], PhaseError, "closed");
});

kernelTest("a codec that closes the map ends each call before the kernel sees it", {}, () => {
  type Call = (map: BpfMap<number, bigint>) => unknown;
  const calls: Record<string, Call> = {
    lookup: (map) => map.lookup(1),
    update: (map) => map.update(1, 1n),
    delete: (map) => map.delete(1),
    lookupAndDelete: (map) => map.lookupAndDelete(1),
    updateBatch: (map) => map.updateBatch([[1, 1n]]),
    deleteBatch: (map) => map.deleteBatch([1]),
  };
  for (const [name, call] of Object.entries(calls)) {
    const handle = made("hash", 4);
    using other = new DisposableStack();
    const encoding = () => void other.use(replace(handle, "hash", 4));
    const map = new BpfMap(handle, doing(u32, { encoding }), u64);
    assertThrows(() => call(map), PhaseError, "closed", name);
  }
});

kernelTest("queues and bloom filters ask for their descriptor last", {}, () => {
  const has = (type: string) => mapKinds().some((kind) => kind.name === type && kind.supported);
  const closing = (handle: KernelMap, type: Type, other: DisposableStack) =>
    doing(u64, { encoding: () => void other.use(replace(handle, type, 0)) });
  {
    const handle = made("queue", 0);
    using other = new DisposableStack();
    const queue = new Queue(handle, closing(handle, "queue", other));
    assertThrows(() => queue.push(1n), PhaseError, "closed");
  }
  if (!has("bloom_filter")) return;
  for (const call of ["add", "has"] as const) {
    const handle = made("bloom_filter", 0);
    using other = new DisposableStack();
    const filter = new BloomFilter(handle, closing(handle, "bloom_filter", other));
    assertThrows(() => filter[call](1n), PhaseError, "closed");
  }
});

kernelTest("a map that is put into another is asked for its descriptor last", {}, () => {
  const inner = made("hash", 4);
  using outer = createMap({ type: "hash_of_maps", key: u32, value: u32, maxEntries: 4, inner });
  using other = new DisposableStack();
  const encoding = () => void other.use(replace(inner, "hash", 4));
  const maps = new MapOfMaps(outer, doing(u32, { encoding }), (map) => new BpfMap(map, u32, u64));
  assertThrows(() => maps.set(1, inner), PhaseError, "closed");
});

kernelTest("a codec whose size changes later does not change what the kernel is given", {}, () => {
  const [handle] = filled();
  const value: { -readonly [M in keyof Codec<bigint>]: Codec<bigint>[M] } = { ...u64 };
  using _ = handle;
  const map = new BpfMap(handle, u32, value);
  value.size = 1;
  assertEquals([...map].sort(([a], [b]) => a - b).at(-1), [ENTRIES - 1, BigInt(ENTRIES - 1)]);
});

/** In a process of its own, which a wrong write of the kernel would end. */
kernelTest("no walk lets the kernel write a bigger map's values into its memory", {}, async () => {
  const lib = import.meta.resolve("#lib/mod.ts");
  const program = `
    import { BpfMap, createMap, u32, u64 } from "${lib}";
    const made = createMap({ type: "hash", key: u32, value: u64, maxEntries: 20_000 });
    const map = new BpfMap(made, u32, u64);
    map.updateBatch(Array.from({ length: 20_000 }, (_, i) => [i, BigInt(i)]));
    const walk = map.entries();
    walk.next();
    const { fd } = made;
    made[Symbol.dispose]();
    const big = createMap({ type: "array", key: u32, value: 1024, maxEntries: 20_000 });
    if (big.fd !== fd) throw new Error("another number");
    try {
      for (const _ of walk);
    } catch (error) {
      console.log(error.name);
    }
    for (let i = 0; i < 100; i++) new Uint8Array(100_000).fill(i);
    console.log("alive");`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", program],
    cwd: new URL("../..", import.meta.url),
    env: { MALLOC_CHECK_: "3" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([code, text(stdout)], [0, "PhaseError\nalive\n"], text(stderr));
});
