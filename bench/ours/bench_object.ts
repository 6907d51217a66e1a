/** Our side of common.h: opening build/bench/bench.bpf.o and filling its ring or its map. */
import { array, bytes } from "#lib/btf/composites.ts";
import { type Codec, raw } from "#lib/btf/codec.ts";
import { bool, u32, u64 } from "#lib/btf/scalars.ts";
import { BpfObject } from "#lib/objects/object.ts";
import { testRun } from "#lib/objects/prog_test_run.ts";

const RECORD_SIZE = 8192;

/** Of `struct settings`, in bytes. */
const LOST = 16;
const RECORD = 24;

const settings: Codec<Uint8Array<ArrayBuffer>> = bytes(RECORD + RECORD_SIZE);

export class BenchObject implements Disposable {
  readonly object: BpfObject;

  /** @param program the one that is loaded */
  constructor(path: string, program: string, entries: { ring?: number; map?: number } = {}) {
    this.object = BpfObject.open(path);
    for (const each of this.object.programs) each.autoload = each.name === program;
    const { ring, map } = entries;
    if (ring !== undefined) this.object.ringBuffer("events", raw).maxEntries = ring;
    if (map !== undefined) this.object.map("entries", u32, u64).maxEntries = map;
    this.object.load();
  }

  /** What the kernel half sends. */
  send(record: Uint8Array, { stamped = false }: { stamped?: boolean } = {}): void {
    const value = new Uint8Array(settings.size);
    new Uint32Array(value.buffer).set([record.length, Number(stamped)]);
    value.set(record, RECORD);
    this.#settings().update(0, value);
  }

  lost(): bigint {
    const value = this.#settings().lookup(0)!;
    return new DataView(value.buffer).getBigUint64(LOST, true);
  }

  /** Says to the kernel half whether the reader rests: bpf/include/wake.h. */
  readerRests(yes: boolean): void {
    // The one variable of .bss.
    this.object.section(".bss").write(0, bool, yes);
  }

  fillRing(): void {
    const program = this.object.program("fill_ring");
    while (testRun(program).retval === 0);
  }

  fillMap(entries: number): void {
    const program = this.object.program("fill_map");
    const contextType = array(u32, 2);
    for (let first = 0; first < entries; first += 512) {
      const context = [first, Math.min(512, entries - first)];
      if (testRun(program, { context, contextType }).retval !== 0) throw new Error("map is full");
    }
  }

  [Symbol.dispose](): void {
    this.object[Symbol.dispose]();
  }

  #settings() {
    return this.object.map("settings", u32, settings);
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
