/**
 * lines OBJECT PASSES [OPTION...]: execsnoop on a full ring, all the way to standard output. Prints on
 * stderr the nanoseconds an event, the median of the passes.
 */
import { event } from "#skel/execsnoop.ts";
import { toolMain } from "#lib/tool/mod.ts";
import { BenchObject, median } from "./bench_object.ts";
import { execsnoopOn, record } from "./exec_event.ts";

const AT_ONCE = 8192;

const [path, passes, ...options] = Deno.args;
const bench = new BenchObject(path, "fill_ring", { ring: 16 << 20 });
const ring = bench.object.ringBuffer("events", event);
bench.send(record);

async function* batches() {
  const times: number[] = [];
  for (let pass = 0; pass < Number(passes); pass++) {
    bench.fillRing();
    const before = performance.now();
    let seen = 0;
    for (let last = 1; last > 0; seen += last) {
      yield {
        forEach: (handle: Parameters<typeof ring.consume>[0]) =>
          last = ring.consume(handle, AT_ONCE),
      };
    }
    times.push((performance.now() - before) * 1e6 / seen);
  }
  console.error(JSON.stringify({ ns: median(times) }));
}

await toolMain(execsnoopOn(ring, batches as typeof ring.batches, () => {}), options);
