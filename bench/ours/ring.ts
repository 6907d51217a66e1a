/**
 * ring OBJECT SIZE PASSES WHAT: reads a full ring in place. `words` sums the 32-bit words of every
 * record, `first` takes one of them. Prints nanoseconds a record, the median of the passes.
 */
import { type EventCodec, raw, RecordView } from "#lib/btf/codec.ts";
import { BenchObject, median } from "./bench_object.ts";

class WordsView extends RecordView {
  get first(): number {
    return this.$$bytes.view.getUint32(this.$$at + 8, true);
  }

  sum(): number {
    const { view } = this.$$bytes;
    let sum = 0;
    for (let at = this.$$at; at + 4 <= this.$$end; at += 4) {
      sum = (sum + view.getInt32(at, true)) | 0;
    }
    return sum;
  }
}

const words: EventCodec<Uint8Array<ArrayBuffer>, WordsView> = {
  ...raw,
  view: () => new WordsView(),
};

const [path, size, passes, what] = Deno.args;
using bench = new BenchObject(path, "fill_ring", { ring: 16 << 20 });
using ring = bench.object.ringBuffer("events", words);
bench.send(new Uint8Array(Number(size)).fill(1));

let sum = 0;
const handle = what === "words"
  ? (record: WordsView) => {
    sum = (sum + record.sum()) | 0;
  }
  : (record: WordsView) => {
    sum = (sum + record.first) | 0;
  };
const times: number[] = [];
for (let pass = 0; pass < Number(passes); pass++) {
  bench.fillRing();
  const before = performance.now();
  const seen = ring.consume(handle);
  times.push((performance.now() - before) * 1e6 / seen);
}
console.log(JSON.stringify({ ns: median(times), sum }));
