import { readTextFile } from "./file.ts";

/**
 * Threads that a host may come to have soon: this many entries are enough for a map with one for each.
 *
 * @example
 * ```ts
 * import { mostThreads } from "@denobpf/denobpf/tool";
 * import { assert } from "@std/assert";
 *
 * assert(mostThreads() > 0);
 * ```
 */
export function mostThreads(): number {
  // The fourth field of proc(5)'s loadavg: "1/123" are the threads that run and all.
  const present = Number(readTextFile("/proc/loadavg").split(/[ /]/)[4]);
  const limit = Number(readTextFile("/proc/sys/kernel/threads-max"));
  return Math.min(limit, Math.max(8 * present, 32_768));
}
