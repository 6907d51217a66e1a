/** What runqlat and cpudist have in common: lib/tool/task_times.ts. */
import { assertEquals, assertMatch } from "@std/assert";
import { startTool } from "../kernel/harness.ts";

/** The members of a row that depend on the unit. */
interface InUnits {
  readonly unit: string;
  readonly histogram: readonly number[];
  readonly min_ns: number | bigint;
  readonly max_ns: number | bigint;
}

/** Asserts that the histogram of a row counts in a unit, which has this many nanoseconds. */
export function assertUnit(row: InUnits, unit: string, ns: number): void {
  const slot = (value: number | bigint) => Math.floor(Math.log2(Math.max(1, Number(value) / ns)));
  assertEquals(row.unit, unit);
  assertEquals(row.histogram.length - 1, slot(row.max_ns));
  assertEquals(row.histogram.findIndex((count) => count > 0), slot(row.min_ns));
}

/** Asserts that a row of a process, which these options ask for, has the name that it got by its last exec. */
export async function assertLastName(
  name: "runqlat" | "cpudist",
  options: readonly string[],
): Promise<void> {
  const shell = ["-c", `read x; exec sleep 0.01`];
  const child = new Deno.Command("sh", { args: shell, stdin: "piped" }).spawn();
  await using tool = startTool(name, [...options, "-p", `${child.pid}`]);
  await tool.until("end.\n");
  await child.stdin.close();
  await child.status;
  const { stdout } = await tool.stop();
  assertMatch(stdout, new RegExp(`\\n${child.pid} +sleep +\\d+ `));
}
