import { libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";

/** `__NR_membarrier` of asm/unistd_64.h, and from include/uapi/linux/membarrier.h. */
const NR_MEMBARRIER = Deno.build.arch === "aarch64" ? 283n : 324n;
const MEMBARRIER_CMD_GLOBAL = 1;

/** Much longer than a BPF program runs, for kernels that refuse membarrier(2) (nohz_full). */
const PAUSE_MS = 50;

const barriers = symbolGroup(libc, {
  // long syscall(long number, int cmd, unsigned int flags, int cpu_id)
  syscall: { parameters: ["i64", "i32", "u32", "i32"], result: "i64", nonblocking: true },
});

/**
 * Waits until every BPF program that runs now has ended: what was written for it before, through a variable
 * or a map, nobody still acts on. membarrier(2) is synchronize_rcu() in kernel/sched/membarrier.c,
 * which BPF programs hold up. Takes 10 to 30 ms.
 */
export async function gracePeriod(): Promise<void> {
  const result = await barriers().syscall(NR_MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0);
  if (result < 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
