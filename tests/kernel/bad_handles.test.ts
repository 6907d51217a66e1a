import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "../fast_check.ts";
import { Lengths } from "../../build/tests/skel/lengths.ts";
import { Maps } from "../../build/tests/skel/maps.ts";

import {
  attachXdp,
  BpfError,
  BpfObject,
  type Codec,
  createMap,
  openMap,
  PhaseError,
  u16,
  u32,
  u64,
} from "#lib/mod.ts";
import { ElfFile } from "#lib/symbols/elf.ts";
import { openProcess } from "#lib/sys/pidfd.ts";
import { openMaps } from "./call.ts";
import { kernelTest } from "./harness.ts";

const path = new URL("../../build/tests/maps.bpf.o", import.meta.url).pathname;

const KEY = { id: 1, port: 2, family: 3 };
const VALUE = { count: 1n, name: "one" };

kernelTest("nothing that needs a loaded object works before load, and says so", {}, () => {
  using opened = openMaps();
  const maps = opened as unknown as ReturnType<typeof opened.load>;
  const { hash } = maps.maps;
  const attempts = [
    () => hash.fd,
    () => hash.lookup(KEY),
    () => hash.update(KEY, VALUE),
    () => hash.delete(KEY),
    () => [...hash],
    () => maps.attach(),
    () => maps.progs.on_call.attach(),
    () => maps.progs.on_call.fd,
    () => maps.progs.on_call.misses,
  ];
  for (const attempt of attempts) {
    assertThrows(attempt, PhaseError, "maps is not loaded yet", String(attempt));
  }
  using ring = Lengths.open();
  const { records } = (ring as unknown as ReturnType<typeof ring.load>).maps;
  assertThrows(() => records.consume(() => {}), PhaseError, "lengths is not loaded yet");
});

kernelTest("nothing that belongs before load works after it, and says so", {}, () => {
  using opened = openMaps();
  opened.load();
  const attempts = [
    () => opened.load(),
    () => opened.maps.hash.maxEntries = 5,
    () => opened.progs.on_call.autoload = false,
    () => opened.rodata.step = 2,
  ];
  for (const attempt of attempts) assertThrows(attempt, PhaseError, undefined, String(attempt));
});

/** Uses everything that an object has, with no arguments; gives what neither threw nor is harmless. */
function useAll(object: object): Error[] {
  const errors: Error[] = [];
  const attempt = (work: () => unknown) => {
    try {
      const result = work();
      if (result instanceof Promise) result.catch(() => {});
    } catch (error) {
      assertInstanceOf(error, Error);
      errors.push(error);
    }
  };
  for (let at = object; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (key === "constructor") continue;
      if (property.get) attempt(() => property.get!.call(object));
      if (property.set) attempt(() => property.set!.call(object, 1));
      if (typeof property.value === "function") {
        attempt(() => {
          const result = property.value.call(object);
          if (typeof result?.next === "function") return result.next();
          return result;
        });
      }
    }
  }
  return errors;
}

kernelTest("whatever is called on what is closed throws, and the process lives", {}, async () => {
  const object = BpfObject.open(path);
  const map = object.map("array", u32, u64);
  const section = object.section(".bss");
  object.load();
  const links = object.attach();
  const [program] = object.programs;
  using other = Lengths.open();
  const ring = other.load();
  const { records } = ring.maps;
  records.consume(() => {});
  await object[Symbol.asyncDispose]();
  ring[Symbol.dispose]();
  for (const closed of [object, map, section, program, records, ...links.values()]) {
    const errors = useAll(closed);
    const phase = errors.filter((error) => error instanceof PhaseError);
    assert(phase.length > 0, closed.constructor.name);
    for (const { message } of phase) {
      assert(/ is (closed|destroyed|being read already)/.test(message), message);
    }
  }
  object[Symbol.dispose]();
  await object[Symbol.asyncDispose]();
});

kernelTest("an object that is closed while it is iterated ends the iteration", {}, async () => {
  const maps = openMaps().load();
  for (let id = 0; id < 10; id++) maps.maps.hash.update({ ...KEY, id }, VALUE);
  const entries = maps.maps.hash.entries();
  entries.next();
  const opened = Lengths.open();
  const ring = opened.load();
  const reading = Array.fromAsync(ring.maps.records.read());
  maps[Symbol.dispose]();
  ring[Symbol.dispose]();
  assertEquals(await reading, []);
  assertThrows(() => {
    for (let i = 0; i < 100_000; i++) if (entries.next().done) throw new PhaseError("its end");
  }, PhaseError);
});

kernelTest("a map is given types of its own sizes only", {}, () => {
  using object = BpfObject.open(path);
  assertThrows(() => object.map("array", u32, u32), Error, "array");
  assertThrows(() => object.map("array", u16, u64), Error, "array");
  assertThrows(() => object.map("per_cpu_array", u32, u32), Error, "per_cpu_array");
  object.map("array", u32, u64);
});

kernelTest("a map that is too big for the kernel is an error, and nothing is left", {}, () => {
  using opened = openMaps();
  opened.maps.hash.maxEntries = 0xffff_ffff;
  const error = assertThrows(() => opened.load(), BpfError, "Cannot load maps");
  assert(["E2BIG", "EINVAL", "ENOMEM"].includes(error.code), error.code);
  for (const size of [0, -1, 1.5, NaN, 2 ** 32, "7" as unknown as number]) {
    assertThrows(
      () => opened.maps.array.maxEntries = size,
      RangeError,
      "map array: ",
    );
  }
});

kernelTest("numbers and names that C would cut are refused", {}, () => {
  using object = BpfObject.open(path);
  const [program] = object.programs;
  const map = object.map("array", u32, u64);
  const made = (options: object) => () =>
    createMap({ type: "hash", key: 4, value: 8, maxEntries: 1, ...options })[Symbol.dispose]();
  const attempts = [
    made({ flags: 2 ** 53 }),
    made({ flags: NaN }),
    made({ key: 2 ** 32 + 4 }),
    made({ value: NaN }),
    made({ maxEntries: 2 ** 32 + 1 }),
    made({ extra: -1n }),
    made({ extra: 2n ** 64n }),
    made({ name: "a\0b" }),
    () => program.flags = 2 ** 53,
    () => program.logLevel = -1,
    () => map.extra = 2n ** 64n,
    () => map.pinPath = "/sys/fs/bpf/a\0b",
    () => openMap(2 ** 32 + 1),
    () => openMap("/sys/fs/bpf/a\0b"),
    () => BpfObject.open(path, { name: "a\0b" }),
    () => attachXdp(program, 2 ** 32 + 1),
    () => openProcess(2 ** 32 + Deno.pid),
    () => ElfFile.open("/etc/hostname\0/x"),
  ];
  for (const attempt of attempts) assertThrows(attempt, RangeError, undefined, String(attempt));
  made({ flags: -0 })();
});

kernelTest("keys and values of any other type are refused, and change nothing", {}, () => {
  using maps = openMaps().load();
  const { hash, array } = maps.maps;
  hash.update(KEY, VALUE);
  const before = [...hash];
  const anything = fc.anything({ withBigInt: true, withTypedArray: true });
  const wrong = (use: () => unknown) => {
    try {
      use();
    } catch (error) {
      assert(
        error instanceof TypeError || error instanceof RangeError || error instanceof BpfError,
        String(error),
      );
      return;
    }
    array.lookup(0); // it happened to be right
  };
  fc.assert(fc.property(anything, (value) => {
    wrong(() => hash.lookup(value as never));
    wrong(() => hash.delete({ ...KEY, id: value } as never));
    wrong(() => array.update(value as never, 1n));
    assertThrows(() => hash.update({ ...KEY, family: value, port: -1 } as never, VALUE));
    assertThrows(() => hash.update(KEY, { count: value, name: 5 } as never));
  }));
  assertEquals([...hash], before);
});

kernelTest("codecs of other makes cannot read or write beyond a map's memory", {}, () => {
  using object = BpfObject.open(path);
  const greedy: Codec<number> = {
    name: "greedy",
    size: 8,
    decode: (from, at) => from.view.getUint32(at + 8, true),
    encode: (into, at, value) => into.view.setUint32(at + 8, value, true),
  };
  const map = object.map("array", u32, greedy);
  object.load();
  assertThrows(() => map.update(0, 1), RangeError);
  assertThrows(() => map.lookup(0), RangeError);
});

kernelTest("a skeleton of a closed object can be opened again", {}, () => {
  for (let i = 0; i < 3; i++) {
    using maps = Maps.open().load();
    assertEquals(maps.bss.calls, 0n);
  }
});
