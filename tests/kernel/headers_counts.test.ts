import { assertEquals } from "@std/assert";
import { HeadersCounts } from "../../build/tests/skel/headers_counts.ts";
import { testRun } from "#lib/mod.ts";
import { kernelTest } from "./harness.ts";

type Loaded = ReturnType<ReturnType<typeof HeadersCounts.open>["load"]>;

/** Runs one of the fixture's programs and returns what it returned. */
function run({ progs }: Loaded, name: keyof Loaded["progs"], value: bigint): number {
  const context = new Uint8Array(new BigUint64Array([value, 0n]).buffer);
  return testRun(progs[name], { context }).retval;
}

/** The counts of one set by slot, those of all CPUs together. */
function countsOf({ maps }: Loaded, map: "counts" | "allocated", set: number) {
  const sums = new Map<number, { count: bigint; total: bigint; min: bigint; max: bigint }>();
  for (const [key, { count, total, min, max }] of maps[map]) {
    if (key.set !== set) continue;
    const known = sums.get(key.slot) ?? { count: 0n, total: 0n, min, max };
    sums.set(key.slot, {
      count: known.count + count,
      total: known.total + total,
      min: known.min < min ? known.min : min,
      max: known.max > max ? known.max : max,
    });
  }
  return Object.fromEntries(sums);
}

kernelTest(
  "log2_slot() is the logarithm of every power of two, of one less and one more",
  {},
  () => {
    using skel = HeadersCounts.open().load();
    assertEquals([0n, 1n].map((value) => run(skel, "count", value)), [0, 0]);
    for (let log = 2; log < 64; log++) {
      const power = 1n << BigInt(log);
      const values = [power - 1n, power, power + 1n, 2n * power - 1n];
      assertEquals(values.map((value) => run(skel, "count", value)), [log - 1, log, log, log]);
    }
  },
);

kernelTest("linear_slot() puts what is beyond the rows into the first and the last", {}, () => {
  using skel = HeadersCounts.open().load();
  const rows = [[0, 0], [99, 0], [100, 0], [106, 0], [107, 1], [162, 8], [163, 9], [1000, 9]];
  for (const [value, slot] of rows) assertEquals(run(skel, "linear", BigInt(value)), slot);
  assertEquals(run(skel, "linear", (1n << 64n) - 1n), 9);
});

for (const [program, map] of [["count", "counts"], ["count_allocated", "allocated"]] as const) {
  kernelTest(`${map}: sets are counted apart, each value once`, {}, () => {
    using skel = HeadersCounts.open().load();
    for (let value = 64n; value < 87n; value++) run(skel, program, value);
    skel.bss.set = 1;
    for (let value = 100n; value < 131n; value++) run(skel, program, value);
    assertEquals(countsOf(skel, map, 0), {
      6: { count: 23n, total: 23n * 75n, min: 64n, max: 86n },
    });
    assertEquals(countsOf(skel, map, 1), {
      6: { count: 28n, total: 28n * 227n / 2n, min: 100n, max: 127n },
      7: { count: 3n, total: 3n * 129n, min: 128n, max: 130n },
    });
    assertEquals(skel.bss.lost_map, 0n);
  });

  kernelTest(`${map}: what has no room is lost and counted`, {}, () => {
    const opened = HeadersCounts.open();
    opened.maps[map].maxEntries = 1;
    using skel = opened.load();
    for (let i = 0; i < 11; i++) run(skel, program, 5n);
    const kept = Object.values(countsOf(skel, map, 0)).reduce((sum, { count }) => sum + count, 0n);
    // A thread that has changed the CPU has another key.
    assertEquals(kept + skel.bss.lost_map, 11n);
    const before = skel.bss.lost_map;
    for (let i = 0; i < 23; i++) run(skel, program, 1n << 40n);
    assertEquals(skel.bss.lost_map - before, 23n);
  });
}
