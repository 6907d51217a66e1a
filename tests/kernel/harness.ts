/** What every test on the real kernel stands on. */

import { type Feature, findObstacle } from "./features.ts";
import { holdings, lastingLeaks, openDenosOwnFiles } from "./leaks.ts";

export { type Feature, hasFeature } from "./features.ts";
export { delay, fewerIfSlow, isSlow, long, patient } from "./patience.ts";
export { execUntilShown, runExecs } from "./workloads.ts";
export { type Output, RunningTool, runTool, startCommand, startTool } from "./running_tool.ts";

/**
 * Registers a test that needs root and BPF, and the features it names.
 *
 * - Where it cannot run it is skipped, with the reason in its name. With CI=true, not being root and
 *   a refused bpf() fail the test instead: such a run would have tested nothing.
 * - It fails when it leaves a file open or BPF memory mapped, and lists them.
 */
export function kernelTest(
  name: string,
  options: { needs?: readonly Feature[] },
  fn: () => void | Promise<void>,
): void {
  const obstacle = findObstacle(options.needs ?? []);
  if (obstacle === undefined) {
    // Deno's own check takes libraries for leaks, which stay open once a symbol group is used.
    Deno.test({ name, sanitizeResources: false, fn: () => withoutLeaks(fn) });
  } else if (obstacle.fault && Deno.env.get("CI") === "true") {
    Deno.test(name, () => {
      throw new Error(`Cannot run with CI=true and must not be skipped: ${obstacle.reason}`);
    });
  } else {
    Deno.test({ name: `${name} (skipped: ${obstacle.reason})`, ignore: true, fn });
  }
}

let warm = false;
async function withoutLeaks(fn: () => void | Promise<void>): Promise<void> {
  if (!warm) await openDenosOwnFiles();
  warm = true;
  const before = holdings();
  await fn();
  const leaks = await lastingLeaks(before);
  if (leaks.length > 0) throw new Error(`The test left open:\n  ${leaks.join("\n  ")}`);
}
