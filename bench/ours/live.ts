/**
 * live OBJECT lines [OPTION...]: execsnoop on the events of produce.c, as they come, until SIGINT.
 * live OBJECT latency: notes the time from event to handler instead.
 * Says "ready" on stderr, and at the end what it has seen.
 */
import { raw, RecordView } from "#lib/btf/codec.ts";
import { event } from "#skel/execsnoop.ts";
import { monotonicTime } from "#lib/sys/clock.ts";
import { toolMain } from "#lib/tool/mod.ts";
import { BenchObject } from "./bench_object.ts";
import { execsnoopOn, record } from "./exec_event.ts";

/** What a reader says that does nothing else: there are no timers, so the event loop may stand still. */
const nextTimerMs = () => Infinity;

const [path, what, ...options] = Deno.args;
const bench = new BenchObject(path, "produce");
bench.send(record, { stamped: what === "latency" });
if (what === "latency") await latency();
else await lines();

async function lines(): Promise<void> {
  const ring = bench.object.ringBuffer("events", event);
  let seen = 0;
  async function* batches(options?: Parameters<typeof ring.batches>[0]) {
    const readerRests = (yes: boolean) => bench.readerRests(yes);
    for await (const { forEach } of ring.batches({ ...options, readerRests, nextTimerMs })) {
      yield {
        forEach: (handle: Parameters<typeof ring.consume>[0]) => {
          const count = forEach(handle);
          seen += count;
          return count;
        },
      };
    }
    console.error(JSON.stringify({ seen, lost: Number(bench.lost()) }));
  }
  const attach = () => {
    bench.object.attach();
    console.error("ready");
  };
  await toolMain(execsnoopOn(ring, batches as typeof ring.batches, attach), options);
}

async function latency(): Promise<void> {
  class StampView extends RecordView {
    get time(): bigint {
      return this.$$bytes.view.getBigUint64(this.$$at, true);
    }
  }
  const ring = bench.object.ringBuffer("events", { ...raw, view: () => new StampView() });
  const ending = new AbortController();
  Deno.addSignalListener("SIGINT", () => ending.abort());
  bench.object.attach();
  console.error("ready");
  const delays: number[] = [];
  for await (const batch of ring.batches({ signal: ending.signal, nextTimerMs })) {
    batch.forEach(({ time }) => delays.push(Number(monotonicTime() - time)));
  }
  delays.sort((a, b) => a - b);
  const at = (part: number) => delays[Math.floor(delays.length * part)];
  const lost = Number(bench.lost());
  console.error(JSON.stringify({ seen: delays.length, lost, p50: at(0.5), p99: at(0.99) }));
  Deno.exit();
}
