/**
 * Loads a skeleton, which is closed if that fails.
 * @param prepare sets what is to be set before load
 * @throws {BpfError} what `load` throws
 *
 * @example
 * ```ts
 * import { Bootstrap } from "#skel/bootstrap.ts";
 * import { loadSkeleton } from "@denobpf/denobpf/tool";
 *
 * using bootstrap = loadSkeleton(Bootstrap.open(), ({ rodata }) => {
 *   rodata.min_duration_ns = 1_000_000n;
 * });
 * bootstrap.attach();
 * ```
 */
export function loadSkeleton<O extends Disposable & { load(): unknown }>(
  opened: O,
  prepare?: (opened: O) => void,
): ReturnType<O["load"]> {
  try {
    prepare?.(opened);
    return opened.load() as ReturnType<O["load"]>;
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}
