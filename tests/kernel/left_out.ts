/** Tests of programs that the kernel leaves out where a task takes the CPU from another one in the middle of them. */
import { kernelTest, type KernelTestOptions } from "./harness.ts";

/** How often a test is tried. */
const TRIES = 10;

/** The kernel has left events out, which may have been the ones that a test counts. */
export class LeftOut extends Error {}

/** A test that runs again if it throws {@link LeftOut}. */
export function countingTest(
  name: string,
  options: KernelTestOptions,
  fn: () => Promise<void>,
): void {
  kernelTest(name, options, async () => {
    for (let tries = 1;; tries++) {
      try {
        return await fn();
      } catch (error) {
        if (!(error instanceof LeftOut) || tries === TRIES) throw error;
      }
    }
  });
}
