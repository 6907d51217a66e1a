/** Threads that wait for futexes: tests/workloads/futexes.c. */
import { assert } from "@std/assert";

export const futexes = new URL("../../build/tests/futexes", import.meta.url).pathname;

export type FutexKind =
  | "timeout"
  | "woken"
  | "pi"
  | "mutex"
  | "changed"
  | "signal"
  | "waitv"
  | "later"
  | "compat"
  | "killed";

export interface FutexRun {
  readonly pid: number;
  /** The thread that waits. */
  readonly tid: number;
  /** What it waits for; undefined if the kernel does not have the call. */
  readonly address: string | undefined;
}

/** What the workload prints. */
export function reportedRun(line: string): FutexRun {
  const [pid, tid, address] = line.trim().split(" ");
  return { pid: Number(pid), tid: Number(tid), address };
}

/** Runs the workload to its end. */
export function runFutexes(kind: FutexKind): FutexRun {
  const { success, stdout, stderr } = new Deno.Command(futexes, { args: [kind] }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return reportedRun(new TextDecoder().decode(stdout));
}
