/** How the counters of two sets are added up. The maps are in this process: no kernel half counts here. */
import { assertEquals } from "@std/assert";
import fc from "../fast_check.ts";
import { CounterSets, type Counts } from "#lib/tool/trace/counter_sets.ts";

interface Key {
  readonly set: number;
  readonly pid: number;
  readonly name: string;
}

/** Entries in order, of which one key may be there once for each set. */
class Entries<V> implements Counts<Key, V> {
  readonly entries = new Map<string, readonly [Key, V]>();

  put(key: Key, value: V): void {
    this.entries.set(JSON.stringify(key), [key, value]);
  }

  deleteBatch(keys: Iterable<Key>): number {
    return [...keys].filter((key) => this.entries.delete(JSON.stringify(key))).length;
  }

  [Symbol.iterator]() {
    return this.entries.values();
  }
}

// The grace period opens libc, which stays open.
const opensLibc = { sanitizeResources: false };

function sets<V>() {
  const skeleton = { bss: { set: 0 } };
  const entries = new Entries<V>();
  return { skeleton, entries, counter: new CounterSets<Key, V>(skeleton, entries) };
}

const key = (set: number, pid = 7, name = "a"): Key => ({ set, pid, name });

Deno.test(
  "counters are taken from the set that is left, and the other one is let be",
  opensLibc,
  async () => {
    const { skeleton, entries, counter } = sets<{ count: number }>();
    entries.put(key(0), { count: 3 });
    entries.put(key(1), { count: 100 });
    await counter.collect();
    assertEquals(skeleton.bss.set, 1);
    assertEquals(counter.take(), [{ ...key(0), count: 3 }]);
    assertEquals([...entries], [[key(1), { count: 100 }]]);
    await counter.collect();
    assertEquals(skeleton.bss.set, 0);
    assertEquals(counter.take(), [{ ...key(1), count: 100 }]);
    assertEquals([[...entries], counter.take()], [[], []]);
  },
);

Deno.test("a row is the sum of all times of collection since it was taken", opensLibc, async () => {
  const { entries, counter } = sets<{ count: number; total_ns: bigint }>();
  entries.put(key(0), { count: 2, total_ns: 2n ** 60n });
  entries.put(key(0, 8), { count: 1, total_ns: 5n });
  entries.put(key(0, 7, "b"), { count: 4, total_ns: 0n });
  await counter.collect();
  entries.put(key(1), { count: 3, total_ns: 1n });
  await counter.collect();
  const rows = counter.take().map(({ set: _, ...row }) => row);
  assertEquals(rows, [
    { pid: 7, name: "a", count: 5, total_ns: 2n ** 60n + 1n },
    { pid: 8, name: "a", count: 1, total_ns: 5n },
    { pid: 7, name: "b", count: 4, total_ns: 0n },
  ]);
});

Deno.test("the cells of all CPUs are added up, nested ones too", opensLibc, async () => {
  interface Value {
    readonly count: bigint;
    readonly slots: readonly number[];
    readonly io: { readonly read: number; readonly errors: readonly bigint[] };
    readonly comm: string;
  }
  const { entries, counter } = sets<readonly Value[]>();
  const cell = (by: number, comm = ""): Value => ({
    count: BigInt(by),
    slots: [by, 0, 1],
    io: { read: 10 * by, errors: [0n, BigInt(by)] },
    comm,
  });
  entries.put(key(0), [cell(1), cell(0), cell(5), cell(2, "last")]);
  await counter.collect();
  assertEquals(counter.take(), [{
    ...key(0),
    count: 8n,
    slots: [8, 0, 4],
    io: { read: 80, errors: [0n, 8n] },
    comm: "last",
  }]);
});

interface Extremes {
  readonly count: number;
  readonly min_ns: bigint;
  readonly max_ns: bigint;
  readonly min_size: number;
  readonly max_size: number;
}

Deno.test(
  "of min_ members the least counts, where 0 is none, and of max_ members the greatest",
  opensLibc,
  async () => {
    const measured = fc.option(
      fc.record({ ns: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), size: fc.integer({ min: 1 }) }),
      { nil: undefined },
    );
    const cpus = fc.array(fc.array(measured, { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(cpus, async (times) => {
        const { entries, counter, skeleton } = sets<readonly Extremes[]>();
        for (const cells of times) {
          entries.put(
            key(skeleton.bss.set),
            cells.map((one) => ({
              count: one ? 1 : 0,
              min_ns: one?.ns ?? 0n,
              max_ns: one?.ns ?? 0n,
              min_size: one?.size ?? 0,
              max_size: one?.size ?? 0,
            })),
          );
          await counter.collect();
        }
        const all = times.flat().filter((one) => one !== undefined);
        const ns = all.map((one) => one.ns).toSorted((a, b) => a < b ? -1 : 1);
        const size = all.map((one) => one.size).toSorted((a, b) => a - b);
        const [{ set: _, ...row }] = counter.take();
        assertEquals(row, {
          pid: 7,
          name: "a",
          count: all.length,
          min_ns: ns[0] ?? 0n,
          max_ns: ns.at(-1) ?? 0n,
          min_size: size[0] ?? 0,
          max_size: size.at(-1) ?? 0,
        });
      }),
      { numRuns: 20 },
    );
  },
);

Deno.test("keys that only look alike in one text are rows of their own", opensLibc, async () => {
  const { entries, counter } = sets<{ count: number }>();
  entries.put({ set: 0, pid: 1, name: "2" }, { count: 1 });
  entries.put({ set: 0, pid: 12, name: "" }, { count: 2 });
  await counter.collect();
  assertEquals(counter.take().map(({ count }) => count), [1, 2]);
});

Deno.test(
  "keys with structs and bytes in them are distinguished by what these hold",
  opensLibc,
  async () => {
    interface Nested {
      readonly set: number;
      readonly place: { readonly device: bigint; readonly address: Uint8Array };
    }
    const nested = (device: bigint, ...bytes: number[]): Nested => ({
      set: 0,
      place: { device, address: Uint8Array.from(bytes) },
    });
    const entries: [Nested, { count: number }][] = [
      [nested(1n, 1, 2), { count: 1 }],
      [nested(1n, 1, 3), { count: 2 }],
      [nested(2n, 1, 2), { count: 4 }],
    ];
    const counts = Object.assign(entries, { deleteBatch: () => 3 });
    const counter = new CounterSets<Nested, { count: number }>({ bss: { set: 0 } }, counts);
    await counter.collect();
    assertEquals(counter.take(), entries.map(([key, value]) => ({ ...key, ...value })));
  },
);

Deno.test("what CPUs count is added up, unless they are kept apart", opensLibc, async () => {
  const counted = [0, 1, 3].map((cpu) => [{ set: 0, cpu, pid: 7 }, { count: cpu + 1 }] as const);
  const counts = Object.assign([...counted], { deleteBatch: () => 3 });
  for (const by_cpu of [false, true]) {
    const counter = new CounterSets({ bss: { set: 0 } }, counts, by_cpu);
    await counter.collect();
    const rows = counter.take().map(({ pid, count }) => [pid, count]);
    assertEquals(rows, by_cpu ? [[7, 1], [7, 2], [7, 4]] : [[7, 7]]);
  }
});
