import { Bytes } from "../btf/bytes.ts";
import { mapElements } from "../libbpf/symbols.ts";
import { CpuHotplug } from "../sys/cpu_hotplug.ts";
import { EpollSet } from "../sys/epoll.ts";
import { EINVAL, ENODEV, SystemError } from "../sys/errno.ts";
import { perfEventOpen } from "../sys/perf_event_open.ts";
import { explain } from "./diagnosis.ts";
import { BpfError, PhaseError } from "./errors.ts";
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

/** The map that programs find the rings in. */
interface RingMap {
  readonly name: string;
  readonly fd: number;
  readonly maxEntries: number;
}

/**
 * The rings of all CPUs as one: {@link next} gives the earliest event of what they hold. A CPU that comes
 * online later gets a ring when the reader next looks; until then the kernel refuses the events of it.
 */
export class PerfRings implements EventMemory {
  readonly fds: readonly number[];
  readonly #map: RingMap;
  readonly #ringSize: number;
  /** This many CPUs at most. */
  readonly #cpus: number;
  #rings: PerfRing[] = [];
  /** Those that stand on a record which the last look saw. */
  #filled: PerfRing[] = [];
  /** The one whose record was given out. */
  #given: PerfRing | undefined;
  /** What the rings of CPUs lost that have gone. */
  #lostBefore = 0;
  /** One descriptor for all rings, those to come too. */
  readonly #watched = new EpollSet();
  readonly #hotplug = CpuHotplug.listen();
  data = Bytes.zeroed(0);
  start = 0;
  end = 0;

  /**
   * Opens a ring for each CPU that is online, and puts them into the map.
   * @param ringSize of each ring in bytes
   * @throws {BpfError} EPERM if this is more locked memory than the user may have
   */
  constructor(map: RingMap, ringSize: number) {
    this.#map = map;
    this.#ringSize = ringSize;
    this.#cpus = Math.min(possibleCpus(), map.maxEntries);
    this.fds = [this.#watched.fd];
    try {
      if (this.#hotplug !== undefined) this.#watched.add(this.#hotplug.fd);
      for (let cpu = 0; cpu < this.#cpus; cpu++) this.#open(cpu);
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  /** How many bytes they hold. */
  get size(): number {
    return this.#rings.length * this.#ringSize;
  }

  get position(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.position, 0);
  }

  /** How many events found no room. */
  lost(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.lost(), this.#lostBefore);
  }

  peek(): boolean {
    this.#finish();
    if (this.#filled.length === 0) this.#filled = this.#rings.filter((ring) => ring.look());
    if (this.#filled.length > 0) return true;
    for (const cpu of this.#hotplug?.online() ?? []) if (cpu < this.#cpus) this.#open(cpu);
    return false;
  }

  /** The kernel reports a record when it is whole. */
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

  /** Takes the rings out of the map, which holds them as well, and closes them. */
  [Symbol.dispose](): void {
    try {
      for (const { cpu } of this.#rings) {
        mapElements().bpf_map_delete_elem(this.#map.fd, bytesOf(cpu));
      }
    } catch (error) {
      if (!(error instanceof PhaseError)) throw error; // closing the map closes the rings, too
    } finally {
      this.#close();
    }
  }

  #close(): void {
    for (const ring of this.#rings) ring[Symbol.dispose]();
    this.#rings = [];
    this.#hotplug?.[Symbol.dispose]();
    this.#watched[Symbol.dispose]();
  }

  /**
   * Opens the ring of a CPU, if it is online. One that has come back gets another: the kernel's perf event
   * does not come back. Its ring has been read to the end when this is called.
   */
  #open(cpu: number): void {
    const action = `open the ring of CPU ${cpu} for ${this.#map.name}`;
    try {
      const ring = openRing(cpu, this.#ringSize);
      if (ring === undefined) return;
      const before = this.#rings.findIndex((ring) => ring.cpu === cpu);
      const [gone] = before < 0 ? [] : this.#rings.splice(before, 1);
      this.#lostBefore += gone?.lost() ?? 0;
      this.#rings.push(ring);
      this.#watched.add(ring.fd);
      const { bpf_map_update_elem } = mapElements();
      const result = bpf_map_update_elem(this.#map.fd, bytesOf(cpu), bytesOf(ring.fd), 0n);
      gone?.[Symbol.dispose]();
      if (result < 0) throw new BpfError(action, -result);
    } catch (error) {
      if (error instanceof SystemError) throw explain(action, error.errno);
      throw error;
    }
  }

  /** Steps over the record that was given out: the caller has had it. */
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
