/** The events of perf that a program can be run for, by their names. */
import { u32, u64 } from "./integers.ts";
import { oneOf } from "./nearest.ts";
import { perfEventOpen, type PerfScope } from "./perf_event_open.ts";

/** `enum perf_type_id` of include/uapi/linux/perf_event.h. */
const TYPES = { hardware: 0, software: 1, hw_cache: 3, raw: 4 } as const;

/** `enum perf_hw_id` and `enum perf_sw_ids`. */
const CONFIGS = {
  hardware: {
    cpu_cycles: 0,
    instructions: 1,
    cache_references: 2,
    cache_misses: 3,
    branch_instructions: 4,
    branch_misses: 5,
    bus_cycles: 6,
    stalled_cycles_frontend: 7,
    stalled_cycles_backend: 8,
    ref_cpu_cycles: 9,
  },
  software: {
    cpu_clock: 0,
    task_clock: 1,
    page_faults: 2,
    context_switches: 3,
    cpu_migrations: 4,
    page_faults_min: 5,
    page_faults_maj: 6,
    alignment_faults: 7,
    emulation_faults: 8,
    cgroup_switches: 11,
  },
} as const;

/** What is counted: an event of perf by name, or the numbers of another. */
export type PerfCounter =
  | {
    readonly hardware:
      | "cpu_cycles"
      | "instructions"
      | "cache_references"
      | "cache_misses"
      | "branch_instructions"
      | "branch_misses"
      | "bus_cycles"
      | "stalled_cycles_frontend"
      | "stalled_cycles_backend"
      | "ref_cpu_cycles";
  }
  | {
    readonly software:
      | "cpu_clock"
      | "task_clock"
      | "page_faults"
      | "context_switches"
      | "cpu_migrations"
      | "page_faults_min"
      | "page_faults_maj"
      | "alignment_faults"
      | "emulation_faults"
      | "cgroup_switches";
  }
  | { readonly type: number | "hw_cache" | "raw"; readonly config: bigint };

/** How often it is reported: `frequency` times a second, or each time that `period` of them were counted. */
export type PerfRate = { readonly frequency: number } | { readonly period: number };

/** `struct perf_event_attr`, first published version and config1, config2: offsets in bytes. */
const ATTR = { size: 72, type: 0, sizeAt: 4, config: 8, sample: 16, flags: 40 };
const FREQ = 1n << 10n;

/**
 * Opens a perf event and gives its descriptor, which is the caller's to close.
 * @throws {RangeError} if there is no such name, or the rate is no whole number
 * @throws {SystemError} ENOENT without such a counter; EACCES: kernel.perf_event_paranoid
 */
export function openPerfEvent(counter: PerfCounter, rate: PerfRate, scope: PerfScope): number {
  const attr = new Uint8Array(ATTR.size);
  const view = new DataView(attr.buffer);
  const { type, config } = numbersOf(counter);
  view.setUint32(ATTR.type, u32(type, "type of a perf event"), true);
  view.setUint32(ATTR.sizeAt, ATTR.size, true);
  view.setBigUint64(ATTR.config, u64(config, "config of a perf event"), true);
  const byFrequency = "frequency" in rate;
  const sample = byFrequency ? rate.frequency : rate.period;
  if (!Number.isSafeInteger(sample) || sample < 1) {
    const unit = byFrequency ? "times a second" : "events";
    throw new RangeError(`${counterName(counter)}: ${sample} ${unit} is no whole number from 1 on`);
  }
  view.setBigUint64(ATTR.sample, BigInt(sample), true);
  view.setBigUint64(ATTR.flags, byFrequency ? FREQ : 0n, true);
  return perfEventOpen(attr, scope, `open the perf event ${counterName(counter)}`);
}

/** How a counter is called: `cpu_clock`. */
export function counterName(counter: PerfCounter): string {
  if ("hardware" in counter) return counter.hardware;
  if ("software" in counter) return counter.software;
  return `${counter.type}:${counter.config}`;
}

function numbersOf(counter: PerfCounter): { type: number; config: bigint } {
  if ("hardware" in counter) {
    const config = oneOf(CONFIGS.hardware, counter.hardware, "hardware counter");
    return { type: TYPES.hardware, config: BigInt(config) };
  }
  if ("software" in counter) {
    const config = oneOf(CONFIGS.software, counter.software, "software counter");
    return { type: TYPES.software, config: BigInt(config) };
  }
  const { type, config } = counter;
  return { type: typeof type === "number" ? type : oneOf(TYPES, type, "type of event"), config };
}
