/** The user half of bpf/include/off_cpu.h: what tools of threads that are off CPU declare alike. */
import { option } from "./options/declarations.ts";
import { integer } from "./options/parsers.ts";
import { mostThreads } from "../sys/threads.ts";
import { runIterator } from "./trace/run_iterator.ts";
import { switchArguments } from "./sched.ts";

/** 2^53 - 1 nanoseconds, which are 104 days. */
const MAX_US = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

const microseconds = integer(0, MAX_US);

/** Which times count: options to be spread into those of a tool. */
export const blockTimeOptions = {
  min_block_time: option("m", "US", "Leave out times that are shorter", microseconds, 1),
  max_block_time: option("M", "US", "Leave out times that are longer", microseconds, MAX_US),
};

interface BlockTimes {
  readonly min_block_time: number;
  readonly max_block_time: number;
}

/** The shortest and the longest time that counts, in nanoseconds. */
export function blockTimeBounds(
  { min_block_time, max_block_time }: BlockTimes,
): [min: bigint, max: bigint] {
  return [BigInt(min_block_time) * 1000n, BigInt(max_block_time) * 1000n];
}

/** Counters of a second for each stack that the map holds: threads and CPUs have their own. */
const TIMES = 4;

/** An opened skeleton with off_cpu.h, whose kernel half counts into `times`. */
interface OpenedOffCpu {
  readonly rodata: { has_prev_state: boolean; min_ns: bigint; max_ns: bigint };
  readonly maps: Readonly<Record<"absences" | "stacks" | "times", { maxEntries: number }>>;
  readonly progs: { readonly seed_absences: { autoattach: boolean } };
}

/** Sets before load which times count, and the sizes of the maps. */
export function setOffCpu(
  { rodata, maps, progs }: OpenedOffCpu,
  options: BlockTimes & { readonly stack_storage_size: number },
): void {
  Object.assign(rodata, switchArguments());
  [rodata.min_ns, rodata.max_ns] = blockTimeBounds(options);
  maps.absences.maxEntries = mostThreads();
  maps.stacks.maxEntries = options.stack_storage_size;
  maps.times.maxEntries = Math.max(maps.times.maxEntries, TIMES * options.stack_storage_size);
  progs.seed_absences.autoattach = false;
}

/** A loaded skeleton with off_cpu.h. */
interface LoadedOffCpu {
  readonly bss: { seeding: boolean };
  readonly progs: { readonly seed_absences: Parameters<typeof runIterator>[0] };
}

/** To be called before the hooks are attached: what moves from then on is not entered. */
export function beginSeed({ bss }: LoadedOffCpu): void {
  bss.seeding = true;
}

/** Enters the threads that are off CPU, once the hooks are attached. */
export function seedAbsences({ bss, progs }: LoadedOffCpu): void {
  runIterator(progs.seed_absences);
  bss.seeding = false;
}
