import {
  assert,
  assertEquals,
  assertGreater,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  BpfError,
  BpfMap,
  createMap,
  listMaps,
  MapFlags,
  mapInfo,
  type MapOptions,
  openMap,
  openMapByName,
  perCpu,
  PhaseError,
  possibleCpus,
  rawMap,
  u32,
  u64,
} from "#lib/mod.ts";
import { MapsPinned } from "../../build/tests/skel/maps_pinned.ts";
import { call, MAPS_CALL, openMaps } from "./call.ts";
import { type Feature, hasFeature, kernelTest } from "./harness.ts";

/** A bpf file system of the test's own, which goes with it. */
class Pins implements Disposable {
  readonly folder = Deno.makeTempDirSync();

  constructor() {
    this.#run("mount", "-t", "bpf", "bpf", this.folder);
  }

  [Symbol.dispose](): void {
    this.#run("umount", this.folder);
    Deno.removeSync(this.folder);
  }

  #run(command: string, ...args: string[]): void {
    assert(new Deno.Command(command, { args }).outputSync().success);
  }
}

kernelTest("a map is made without an object, and reports what it is", {}, () => {
  using map = createMap({
    type: "hash",
    name: "without_object",
    key: u32,
    value: u64,
    maxEntries: 23,
    flags: MapFlags.BPF_F_NO_PREALLOC,
  });
  const counts = new BpfMap(map, u32, u64);
  assert(counts.update(1, 2n));
  assertEquals([...counts], [[1, 2n]]);
  const info = map.info();
  assertEquals(
    [info.type, info.name, info.keySize, info.valueSize, info.maxEntries, info.flags],
    ["hash", "without_object", 4, 8, 23, 1],
  );
  assertGreater(info.id, 0);
  assertGreater(info.memlock, 0);
  assertEquals([info.frozen, info.btfId], [false, 0]);
  assertThrows(() => counts.maxEntries = 5, PhaseError, "in the kernel already");
  map[Symbol.dispose]();
  map[Symbol.dispose]();
  assertThrows(() => counts.lookup(1), PhaseError, "closed");
});

/** Every type that needs no object, with sizes that it can have. */
const TYPES: readonly (Omit<MapOptions, "maxEntries"> & { needs?: Feature })[] = [
  { type: "hash", key: 7, value: 9 },
  { type: "array", key: 4, value: 9 },
  { type: "prog_array", key: 4, value: 4 },
  { type: "perf_event_array", key: 4, value: 4 },
  { type: "percpu_hash", key: 8, value: 12 },
  { type: "percpu_array", key: 4, value: 12 },
  { type: "stack_trace", key: 4, value: 8 * 32 },
  { type: "cgroup_array", key: 4, value: 4 },
  { type: "lru_hash", key: 8, value: 8 },
  { type: "lru_percpu_hash", key: 8, value: 8 },
  { type: "lpm_trie", key: 8, value: 1 },
  { type: "devmap", key: 4, value: 4 },
  { type: "sockmap", key: 4, value: 8 },
  { type: "cpumap", key: 4, value: 4 },
  { type: "xskmap", key: 4, value: 4 },
  { type: "sockhash", key: 6, value: 8 },
  { type: "reuseport_sockarray", key: 4, value: 8 },
  { type: "queue", value: 5 },
  { type: "stack", value: 5 },
  { type: "devmap_hash", key: 4, value: 4 },
  { type: "ringbuf" },
  { type: "bloom_filter", value: 8, needs: "bloom_filter" },
  { type: "user_ringbuf", needs: "user_ringbuf" },
  { type: "arena", needs: "arena" },
];

kernelTest("every type that needs no object is made, and reports its type and sizes", {}, () => {
  for (const { needs, ...options } of TYPES) {
    if (needs !== undefined && !hasFeature(needs)) continue;
    const pages = ["ringbuf", "user_ringbuf"].includes(options.type);
    using map = createMap({ ...options, maxEntries: pages ? 65536 : 1 });
    const { type, keySize, valueSize } = map.info();
    assertEquals(
      [type, keySize, valueSize],
      [options.type, options.key ?? 0, options.value ?? 0],
    );
  }
  for (const type of ["array_of_maps", "hash_of_maps"] as const) {
    using inner = createMap({ type: "array", key: 4, value: 8, maxEntries: 1 });
    using map = createMap({ type, key: 4, value: 4, maxEntries: 1, inner });
    assertEquals(map.info().type, type);
  }
});

kernelTest("sizes that a type cannot have are refused", {}, () => {
  const error = assertThrows(
    () => createMap({ type: "array", key: 8, value: 8, maxEntries: 1 }),
    BpfError,
    "Cannot make a map of type array",
  );
  assertEquals(error.code, "EINVAL");
});

kernelTest("maps of an object are opened by id and by name, and share entries", {}, () => {
  using maps = openMaps().load();
  const info = mapInfo(maps.maps.per_cpu_hash);
  assertEquals([info.type, info.name, info.valueSize], ["percpu_hash", "per_cpu_hash", 8]);
  assertGreater(info.btfKeyTypeId, 0);
  assert(listMaps().some(({ id }) => id === info.id));
  using byId = openMap(info.id);
  const numbers = Array.from({ length: possibleCpus() }, (_, cpu) => BigInt(cpu));
  maps.maps.per_cpu_hash.update(3, numbers);
  assertEquals([...new BpfMap(byId, u32, perCpu(u64))], [[3, numbers]]);
  const [[key, value]] = [...rawMap(byId)];
  assertEquals([key, value.length], [Uint8Array.of(3, 0, 0, 0), 8 * possibleCpus()]);
  using own = createMap({ type: "array", name: "only_one_of_it", key: 4, value: 4, maxEntries: 1 });
  using byName = openMapByName("only_one_of_it");
  assertEquals(byName.info().id, own.info().id);
  using _ = createMap({ type: "array", name: "only_one_of_it", key: 4, value: 4, maxEntries: 1 });
  assertThrows(() => openMapByName("only_one_of_it"), BpfError, "several have this name");
  assertThrows(() => openMapByName("nobody_has_this"), BpfError, "ENOENT");
});

kernelTest("a pinned map outlives its object, with its entries", {}, () => {
  using pins = new Pins();
  const path = `${pins.folder}/hash`;
  {
    using maps = openMaps().load();
    maps.maps.array.update(3, 77n);
    maps.maps.array.pin(path);
    assertThrows(() => maps.maps.array.pin(path), BpfError, "EEXIST");
    const elsewhere = assertThrows(() => maps.maps.array.pin("/tmp/map"), BpfError);
    assertStringIncludes(elsewhere.hint ?? "", "bpf file system");
  }
  {
    using map = openMap(path);
    assertEquals(new BpfMap(map, u32, u64).lookup(3), 77n);
  }
  using opened = openMaps();
  opened.maps.array.pinPath = path;
  assertEquals(opened.maps.array.pinPath, path);
  const again = opened.load().attach();
  assertEquals(again.maps.array.lookup(3), 77n, "what is pinned takes the map's place");
  again.maps.array.unpin(path);
  assertThrows(() => again.maps.array.unpin(path), BpfError, "ENOENT");
  assertThrows(() => openMap(path), BpfError, `pinned at ${path}`);
});

kernelTest("LIBBPF_PIN_BY_NAME shares a map between loads", {}, () => {
  using pins = new Pins();
  {
    using first = MapsPinned.open({ pin_root_path: pins.folder });
    assertEquals(first.maps.shared.pinPath, `${pins.folder}/shared`);
    first.load().maps.shared.update(1, 23n);
  }
  using second = MapsPinned.open({ pin_root_path: pins.folder }).load();
  assertEquals([...second.maps.shared], [[1, 23n]]);
  second.maps.shared.unpin(`${pins.folder}/shared`);
});

kernelTest("a pinned map that does not fit is refused with what differs", {}, () => {
  using pins = new Pins();
  const path = `${pins.folder}/array`;
  using other = createMap({ type: "hash", key: 4, value: 16, maxEntries: 9 });
  new BpfMap(other, u32, { ...u64, size: 16 }).pin(path);
  using opened = openMaps();
  opened.maps.array.pinPath = path;
  const error = assertThrows(() => opened.load(), BpfError);
  assertEquals(
    error.message,
    `Cannot use what is pinned at ${path} as map array: it does not fit: ` +
      "type is hash, not array; value size is 16, not 8; max entries is 9, not 7",
  );
  assertEquals(error.code, "EINVAL");
});

kernelTest("a map is reused in place of another, if it fits", {}, () => {
  using first = openMaps().load().attach();
  using opened = openMaps();
  opened.maps.per_cpu_array.reuse(first.maps.per_cpu_array);
  assertThrows(
    () => opened.maps.array.reuse(first.maps.per_cpu_array),
    BpfError,
    "type is percpu_array, not array; value size is 4, not 8; max entries is 2, not 7",
  );
  using second = opened.load();
  call(MAPS_CALL | 5);
  const sum = (values?: number[]) => values?.reduce((total, value) => total + value, 0);
  assertEquals(sum(second.maps.per_cpu_array.lookup(1)), 5);
  assertEquals(
    mapInfo(second.maps.per_cpu_array).id,
    mapInfo(first.maps.per_cpu_array).id,
  );
});

kernelTest("a frozen map is read-only for this side", {}, () => {
  using map = createMap({ type: "array", key: 4, value: 8, maxEntries: 3 });
  const array = new BpfMap(map, u32, u64);
  array.update(1, 5n);
  array.freeze();
  const error = assertThrows(() => array.update(1, 6n), BpfError);
  assertEquals(error.code, "EPERM");
  assertEquals(array.lookup(1), 5n);
  assertEquals(map.info().frozen, true);
});

kernelTest("a map that is not to be made is not there to be used", {}, () => {
  using opened = openMaps();
  assertEquals(opened.maps.trie.autocreate, true);
  opened.maps.trie.autocreate = false;
  const maps = opened.load();
  assertEquals(maps.maps.trie.autocreate, false);
  assertThrows(() => [...maps.maps.trie], PhaseError, "it was not made");
});
