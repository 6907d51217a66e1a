/** What is reported of a wrong call: what failed, why, and what would do. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MapsArena } from "../../build/tests/skel/maps_arena.ts";
import {
  attachCgroup,
  attachIter,
  attachPerfEvent,
  attachSocket,
  attachXdp,
  BpfError,
  BpfMap,
  BpfObject,
  createMap,
  linkInfo,
  mapInfo,
  openProgram,
  PacketSocket,
  programInfo,
  raw,
  rawMap,
  RingBuffer,
  testRun,
  u32,
  u64,
  UnsupportedError,
} from "#lib/mod.ts";
import { cgroupMount } from "#lib/sys/cgroups.ts";
import { openMaps } from "./call.ts";
import { hasFeature, kernelTest } from "./harness.ts";

const path = new URL("../../build/minimal.bpf.o", import.meta.url).pathname;

/** An object with one program, of type tracepoint. */
function loadTracepoint() {
  const object = BpfObject.open(path);
  object.load();
  return object;
}

kernelTest("a program of a type that is attached in other ways is reported as one", {}, () => {
  using object = loadTracepoint();
  using socket = new PacketSocket("lo");
  const program = object.program("handle_tp");
  const ways: [takes: string, attach: () => unknown][] = [
    ["xdp", () => attachXdp(program, "lo")],
    ["cgroup_skb or", () => attachCgroup(program, cgroupMount()!)],
    ["tracing", () => attachIter(program)],
    ["perf_event", () => attachPerfEvent(program, { software: "cpu_clock", frequency: 1 })],
    ["socket_filter", () => attachSocket(program, socket)],
  ];
  for (const [takes, attach] of ways) {
    assertThrows(attach, BpfError, `it is of type tracepoint (its section is tp/`);
    assertThrows(attach, BpfError, `), not ${takes}`);
  }
  assertThrows(() => testRun(program), BpfError, "programs of type tracepoint cannot be run so");
});

kernelTest("only programs that are verified for a target are given one", {}, () => {
  using object = BpfObject.open(path);
  const set = () => object.program("handle_tp").setAttachTarget("do_unlinkat");
  assertThrows(set, BpfError, "programs of type tracepoint are given none");
});

kernelTest("perf events want a rate, CPUs and a process that is there", {}, () => {
  using object = loadTracepoint();
  const attach = (options: object) => () =>
    attachPerfEvent(object.programs[0], { software: "cpu_clock", frequency: 1, ...options });
  assertThrows(attach({ frequency: 0 }), RangeError, "0 times a second");
  assertThrows(attach({ cpus: [] }), RangeError, "wants CPUs");
  assertThrows(attach({ software: "cpu_clok" }), RangeError, "there are: cpu_clock, task_clock");
  assertThrows(attach({ pid: 2 ** 30 }), BpfError, `there is no process ${2 ** 30}`);
  const error = assertThrows(attach({ cpus: [100_000] }), BpfError, "cpu_clock on CPU 100000");
  assertStringIncludes(error.hint!, "there may be no such CPU");
});

kernelTest("information is asked of descriptors of its kind alone", {}, () => {
  using object = loadTracepoint();
  using map = createMap({ type: "array", key: u32, value: u64, maxEntries: 1 });
  assertThrows(() => linkInfo(map), BpfError, "is of another kind: anon_inode:bpf-map");
  assertThrows(() => programInfo(map), BpfError, "is of another kind: anon_inode:bpf-map");
  assertThrows(() => mapInfo(object.programs[0]), BpfError, "anon_inode:bpf-prog");
  const error = assertThrows(() => openProgram("/etc/passwd"), BpfError, "pinned at /etc/passwd");
  assertStringIncludes(error.hint!, "pins must lie on a bpf file system");
});

kernelTest("a map that cannot be made is refused with the reason", {}, () => {
  const wrong: [reason: string, options: Parameters<typeof createMap>[0]][] = [
    ["no room for entries", { type: "hash", key: 4, value: 4, maxEntries: 0 }],
    ["its keys have no size", { type: "hash", value: 4, maxEntries: 1 }],
    ["its values have no size", { type: "hash", key: 4, maxEntries: 1 }],
    ["its keys have 8 bytes, not 4", { type: "array", key: 8, value: 4, maxEntries: 1 }],
    ["its size, 100, is no power of two", { type: "ringbuf", maxEntries: 100 }],
    ["maps of this type belong to an object", {
      type: "sk_storage",
      key: 4,
      value: 4,
      maxEntries: 0,
    }],
    ["wants an `inner` map", { type: "hash_of_maps", key: 4, value: 4, maxEntries: 1 }],
    ["a b is no name", { type: "hash", name: "a b", key: 4, value: 4, maxEntries: 1 }],
    ["maps of this type have no keys", { type: "queue", key: 4, value: 4, maxEntries: 1 }],
  ];
  for (const [reason, options] of wrong) {
    assertThrows(() => createMap(options), BpfError, reason);
  }
  assertThrows(
    () => createMap({ type: "hash", maxEntries: 1.5 }),
    RangeError,
    "maxEntries: 1.5 is no whole number",
  );
  const type = "hsah" as "hash";
  assertThrows(() => createMap({ type, maxEntries: 1 }), RangeError, "no type of maps hsah");
});

kernelTest("a map that is too big, or whose keys are too short, is reported as such", {}, () => {
  const hash = () => createMap({ type: "hash", key: u32, value: u64, maxEntries: 2 ** 31 });
  assertThrows(hash, BpfError, "it has more entries than a map can have: 2147483648");
  const trie = () => createMap({ type: "lpm_trie", key: u32, value: u64, maxEntries: 1 });
  assertThrows(trie, BpfError, "its keys have 4 bytes: 4 are for the length of the prefix");
});

kernelTest(
  "a map of an object that the kernel does not make is refused with the reason",
  {},
  () => {
    using opened = openMaps();
    opened.maps.hash.maxEntries = 2 ** 31 + 1;
    const message = "its map hash: it has more entries than a map can have";
    assertThrows(() => opened.load(), BpfError, message);
  },
);

kernelTest("a map without keys says that it cannot be walked", {}, () => {
  for (const type of ["queue", "stack", "ringbuf"] as const) {
    using map = createMap({ type, value: type === "ringbuf" ? 0 : 4, maxEntries: 4096 });
    assertThrows(() => [...rawMap(map)], BpfError, `a map of type ${type} has no keys`);
  }
});

kernelTest("a map says that it is full, frozen, an array or of another type", {}, () => {
  using hash = createMap({ type: "hash", name: "small", key: u32, value: u64, maxEntries: 1 });
  const small = new BpfMap(hash, u32, u64);
  small.update(1, 1n);
  assertThrows(() => small.update(2, 1n), BpfError, "map small: it has room for 1 entries only");
  small.freeze();
  assertThrows(() => small.update(1, 2n), BpfError, "it is frozen");
  assertThrows(() => new RingBuffer(hash, raw), TypeError, "map small is not of type ringbuf");
  using array = createMap({ type: "array", key: u32, value: u64, maxEntries: 1 });
  const error = assertThrows(() => new BpfMap(array, u32, u64).delete(0), BpfError, "an array");
  assertStringIncludes(error.message, "map (array, without a name)");
  assertEquals(error.code, "EINVAL");
});

kernelTest("a kind of map that came later names the Linux that has it", {}, () => {
  const make = () => createMap({ type: "arena", maxEntries: 1 });
  const load = () => {
    using opened = MapsArena.open();
    opened.load();
  };
  if (hasFeature("arena")) return make()[Symbol.dispose]();
  for (const ask of [make, load]) {
    const error = assertThrows(ask, UnsupportedError, "which Linux 6.9 and later have");
    assertEquals(error.since, "6.9");
  }
});
