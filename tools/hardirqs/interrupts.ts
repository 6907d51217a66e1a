import type { group, times } from "#skel/hardirqs.ts";
import type { Counts } from "#lib/tool/mod.ts";

/** What interrupts, in the order of `enum interrupt` of bpf/hardirqs.bpf.c. */
export const INTERRUPTS = ["device", "vector", "nmi"] as const;

const NMI = INTERRUPTS.indexOf("nmi");

/** A vector that the kernel itself handles. */
export interface Vector {
  /** What its tracepoints begin with, in the group irq_vectors. */
  readonly name: string;
  /** How /proc/interrupts calls it. */
  readonly irq: string;
}

/**
 * The vectors of x86 that have tracepoints, by their numbers: arch/x86/include/asm/irq_vectors.h and
 * asm/trace/irq_vectors.h; their names in /proc/interrupts are those of arch/x86/kernel/irq.c.
 */
export const VECTORS: ReadonlyMap<number, Vector> = new Map([
  [0xff, { name: "spurious_apic", irq: "SPU" }],
  [0xfe, { name: "error_apic", irq: "ERR" }],
  [0xfd, { name: "reschedule", irq: "RES" }],
  [0xfc, { name: "call_function", irq: "CAL" }],
  [0xfb, { name: "call_function_single", irq: "CAL" }],
  [0xfa, { name: "thermal_apic", irq: "TRM" }],
  [0xf9, { name: "threshold_apic", irq: "THR" }],
  [0xf7, { name: "x86_platform_ipi", irq: "PLT" }],
  [0xf6, { name: "irq_work", irq: "IWI" }],
  [0xf4, { name: "deferred_error_apic", irq: "DFR" }],
  [0xec, { name: "local_timer", irq: "LOC" }],
]);

/** What was not counted. */
const NOTHING: times = {
  runs: { count: 0n, total_ns: 0n, min_ns: 0n, max_ns: 0n, slots: Array(40).fill(0) },
  none: 0n,
  none_ns: 0n,
  name: "",
};

/** The maps of a loaded skeleton that it counts into. */
interface Counted {
  readonly counts: Counts<group, times>;
  readonly nmis: Iterable<readonly [number, readonly times[]]> & {
    update(set: number, cells: readonly times[]): unknown;
  };
}

/** Everything that is counted as if it were in one map: NMIs have a map of their own. */
export function allCounts({ counts, nmis }: Counted): Counts<group, times> {
  return {
    *[Symbol.iterator]() {
      yield* counts;
      for (const [set, cells] of nmis) {
        for (const [cpu, cell] of cells.entries()) {
          if (cell.runs.count === 0n && cell.none === 0n) continue;
          yield [{ set, cpu, interrupt: NMI, number: 0, action: 0n }, cell];
        }
      }
    },
    deleteBatch(keys) {
      const all = [...keys];
      const ofNmis = all.filter(({ interrupt }) => interrupt === NMI);
      for (const set of new Set(ofNmis.map(({ set }) => set))) {
        for (const [each, cells] of nmis) {
          if (each === set) {
            nmis.update(
              set,
              cells.map(() => NOTHING),
            );
          }
        }
      }
      return counts.deleteBatch(all.filter(({ interrupt }) => interrupt !== NMI)) + ofNmis.length;
    },
  };
}
