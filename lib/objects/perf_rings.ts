import { Bytes } from "../btf/bytes.ts";
import { mapElements } from "../libbpf/symbols.ts";
import { EINVAL, ENODEV, SystemError } from "../sys/errno.ts";
import { perfEventOpen } from "../sys/perf_event_open.ts";
import { explain } from "./diagnosis.ts";
import { BpfError } from "./errors.ts";
import { possibleCpus } from "./per_cpu.ts";
import { PerfRing } from "./perf_ring.ts";
import type { EventMemory } from "./ring_buffer.ts";

/** `struct perf_event_attr` of include/uapi/linux/perf_event.h: size and offsets in bytes. */
const ATTR = {
  bytes: 112,
  type: 0,
  size: 4,
  config: 8,
  sample_period: 16,
  sample_type: 24,
  read_format: 32,
  flags: 40,
  wakeup_events: 48,
  clockid: 92,
};
const PERF_TYPE_SOFTWARE = 1;
const PERF_COUNT_SW_BPF_OUTPUT = 10n;
const PERF_SAMPLE_TIME = 1n << 2n;
const PERF_SAMPLE_RAW = 1n << 10n;
const PERF_FORMAT_LOST = 1n << 4n;
/** The bit `use_clockid`: times are CLOCK_MONOTONIC's, the same on all CPUs. */
const USE_CLOCKID = 1n << 25n;
const CLOCK_MONOTONIC = 1;

/** The rings of all CPUs as one: {@link next} gives the earliest event of what they hold. */
export class PerfRings implements EventMemory {
  readonly fds: readonly number[];
  readonly #map: { readonly fd: number };
  readonly #rings: readonly PerfRing[];
  /** Those that stand on a record which the last look saw. */
  #filled: PerfRing[] = [];
  readonly size: number;
  /** The one whose record was given out. */
  #given: PerfRing | undefined;
  data = Bytes.zeroed(0);
  start = 0;
  end = 0;

  private constructor(map: { readonly fd: number }, rings: readonly PerfRing[], size: number) {
    this.size = rings.length * size;
    this.#map = map;
    this.#rings = rings;
    this.fds = rings.map((ring) => ring.fd);
  }

  /**
   * Opens a ring for each CPU that is there, and puts them into the map.
   * @param size of each ring in bytes
   * @throws {BpfError} EPERM if this is more locked memory than the user may have
   */
  static open(
    map: { readonly name: string; readonly fd: number; readonly maxEntries: number },
    size: number,
  ): PerfRings {
    const rings: PerfRing[] = [];
    try {
      const count = Math.min(possibleCpus(), map.maxEntries);
      for (let cpu = 0; cpu < count; cpu++) {
        const ring = openRing(cpu, size);
        if (ring === undefined) continue;
        rings.push(ring);
        const { bpf_map_update_elem } = mapElements();
        const result = bpf_map_update_elem(map.fd, bytesOf(cpu), bytesOf(ring.fd), 0n);
        if (result < 0) throw new BpfError(`put the ring of CPU ${cpu} into ${map.name}`, -result);
      }
      return new PerfRings(map, rings, size);
    } catch (error) {
      for (const ring of rings) ring[Symbol.dispose]();
      if (error instanceof SystemError) throw explain(`open the rings of ${map.name}`, error.errno);
      throw error;
    }
  }

  get position(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.position, 0);
  }

  /** How many events found no room. */
  lost(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.lost(), 0);
  }

  peek(): boolean {
    this.#finish();
    if (this.#filled.length === 0) this.#filled = this.#rings.filter((ring) => ring.look());
    return this.#filled.length > 0;
  }

  /** The kernel tells of a record when it is whole. */
  stalled(): boolean {
    return false;
  }

  next(): boolean {
    if (!this.peek()) return false;
    let first = this.#filled[0];
    for (const ring of this.#filled) if (ring.time < first.time) first = ring;
    ({ data: this.data, start: this.start, end: this.end } = first);
    this.#given = first;
    return true;
  }

  publish(): void {
    this.#finish();
    for (const ring of this.#rings) ring.publish();
  }

  [Symbol.dispose](): void {
    for (const ring of this.#rings) ring[Symbol.dispose]();
    // The map holds its rings as well.
    for (const { cpu } of this.#rings) {
      mapElements().bpf_map_delete_elem(this.#map.fd, bytesOf(cpu));
    }
  }

  /** Steps over the record that was given out: whoever asked for it has had it. */
  #finish(): void {
    const ring = this.#given;
    this.#given = undefined;
    if (ring === undefined || ring.step()) return;
    this.#filled = this.#filled.filter((other) => other !== ring);
  }
}

/** @returns undefined for a CPU that is offline */
function openRing(cpu: number, size: number): PerfRing | undefined {
  try {
    return new PerfRing(open(PERF_FORMAT_LOST, cpu), true, cpu, size);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno === ENODEV) return undefined;
    if (error.errno !== EINVAL) throw error;
    // before Linux 6.0, which does not count what is lost
    return new PerfRing(open(0n, cpu), false, cpu, size);
  }
}

function open(readFormat: bigint, cpu: number): number {
  return perfEventOpen(
    attributes(readFormat),
    { pid: -1, cpu },
    `open a perf event on CPU ${cpu}`,
  );
}

function attributes(readFormat: bigint): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(ATTR.bytes));
  view.setUint32(ATTR.type, PERF_TYPE_SOFTWARE, true);
  view.setUint32(ATTR.size, ATTR.bytes, true);
  view.setBigUint64(ATTR.config, PERF_COUNT_SW_BPF_OUTPUT, true);
  view.setBigUint64(ATTR.sample_period, 1n, true);
  view.setBigUint64(ATTR.sample_type, PERF_SAMPLE_TIME | PERF_SAMPLE_RAW, true);
  view.setBigUint64(ATTR.read_format, readFormat, true);
  view.setBigUint64(ATTR.flags, USE_CLOCKID, true);
  view.setUint32(ATTR.wakeup_events, 1, true);
  view.setUint32(ATTR.clockid, CLOCK_MONOTONIC, true);
  return new Uint8Array(view.buffer);
}

function bytesOf(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
