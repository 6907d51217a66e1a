/** Tests of programs that the kernel leaves out where a task takes the CPU from another one in the middle of them. */
import { assertEquals } from "@std/assert";
import type { Trace } from "#lib/tool/mod.ts";
import { kernelTest, type KernelTestOptions } from "./harness.ts";

/** How often a test is tried. */
const TRIES = 10;

/** The kernel has left events out, which may have been the ones that a test counts. */
export class LeftOut extends Error {}

/**
 * All rows of a trace while something is done, in one table or in several, and none lost.
 * @throws {LeftOut}
 */
export async function countedRows<Row>(
  trace: Trace<Row>,
  work: () => Promise<unknown>,
): Promise<Row[]> {
  using counting = trace;
  const tables = Array.fromAsync(counting.batches());
  await work();
  counting.stop();
  const rows = (await tables).flat();
  const { map = 0n, missed = 0n } = counting.losses;
  assertEquals(map, 0n);
  if (missed > 0n) throw new LeftOut();
  return rows;
}

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
