import { check, libc } from "./libc.ts";
import { symbolGroup } from "./library.ts";

/** Number of perf_event_open(2): asm/unistd_64.h, asm-generic/unistd.h. */
const NR_PERF_EVENT_OPEN = Deno.build.arch === "aarch64" ? 241n : 298n;

const PERF_FLAG_FD_CLOEXEC = 8n;

const opening = symbolGroup(libc, {
  // long syscall(long number, struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd,
  //              unsigned long flags)
  // FFI: the kernel copies the attributes; the descriptor is the caller's
  syscall: { parameters: ["i64", "buffer", "i32", "i32", "i32", "u64"], result: "i32" },
});

/** Whose events are counted. */
export interface PerfScope {
  /** A thread, by its id, or -1 for all. */
  readonly pid: number;
  /** A CPU, or -1 for whichever the thread runs on. */
  readonly cpu: number;
}

/**
 * perf_event_open(2), which libc has no function for.
 * @param attributes a `struct perf_event_attr` of include/uapi/linux/perf_event.h, with its size in it
 * @returns the file descriptor, which the caller closes
 * @throws {SystemError}
 */
export function perfEventOpen(
  attributes: Uint8Array<ArrayBuffer>,
  { pid, cpu }: PerfScope,
  operation: string,
): number {
  return check(
    opening().syscall(NR_PERF_EVENT_OPEN, attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC),
    operation,
  );
}
