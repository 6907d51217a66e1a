/**
 * map_read OBJECT ENTRIES PASSES: reads a hash map of this many entries and sums its keys and values.
 * Prints nanoseconds an entry, the median of the passes.
 */
import { u32, u64 } from "#lib/btf/scalars.ts";
import { BenchObject, median } from "./bench_object.ts";

const [path, count, passes] = Deno.args;
const entries = Number(count);
using bench = new BenchObject(path, "fill_map", { map: entries });
bench.fillMap(entries);
const map = bench.object.map("entries", u32, u64);
const times: number[] = [];
let sum = 0;
for (let pass = 0; pass < Number(passes); pass++) {
  const before = performance.now();
  sum = 0;
  map.forEach((value, key) => sum += key + Number(value));
  times.push((performance.now() - before) * 1e6 / entries);
}
console.log(JSON.stringify({ ns: median(times), sum }));
