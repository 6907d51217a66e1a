/** What every test on the real kernel stands on. */

import { alone, type Part } from "./alone.ts";
import { type Feature, findObstacle } from "./features.ts";
import { holdings, lastingLeaks, openDenosOwnFiles } from "./leaks.ts";

export { type Feature, hasFeature } from "./features.ts";
export { delay, fewerIfSlow, isSlow, long, patient } from "./patience.ts";
export { execUntilShown, runExecs } from "./workloads.ts";
export { type Output, RunningTool, runTool, startCommand, startTool } from "./running_tool.ts";

export interface KernelTestOptions {
  /** What the kernel must have. */
  readonly needs?: readonly Feature[];
  /** What of the host it must have for itself. */
  readonly alone?: Part;
}

/**
 * Registers a test that needs root and BPF, and the features it names.
 *
 * - Where it cannot run it is skipped, with the reason in its name. With CI=true, not being root and
 *   a refused bpf() fail the test instead: such a run would have tested nothing.
 * - It fails when it leaves a file open or BPF memory mapped, and lists them.
 * - With `alone`, no other test that names the same part of the host runs meanwhile.
 */
export function kernelTest(
  name: string,
  options: KernelTestOptions,
  fn: () => void | Promise<void>,
): void {
  const obstacle = findObstacle(options.needs ?? []);
  if (obstacle === undefined) {
    // Deno's own check takes libraries for leaks, which stay open once a symbol group is used.
    Deno.test({ name, sanitizeResources: false, fn: () => withoutLeaks(fn, options.alone) });
  } else if (obstacle.fault && Deno.env.get("CI") === "true") {
    Deno.test(name, () => {
      throw new Error(`Cannot run with CI=true and must not be skipped: ${obstacle.reason}`);
    });
  } else {
    Deno.test({ name: `${name} (skipped: ${obstacle.reason})`, ignore: true, fn });
  }
}

let warm = false;
async function withoutLeaks(fn: () => void | Promise<void>, part?: Part): Promise<void> {
  using _lock = part === undefined ? undefined : await alone(part);
  if (!warm) await openDenosOwnFiles();
  warm = true;
  const before = holdings();
  await fn();
  const leaks = await lastingLeaks(before);
  if (leaks.length > 0) throw new Error(`The test left open:\n  ${leaks.join("\n  ")}`);
}
