/** Runs argdist while a workload runs. */
import { argdist, type ValueCount } from "../../tools/argdist.ts";
import { runTraced } from "./trace_events.ts";

type Options = NonNullable<Parameters<typeof argdist>[0]>;

/** The rows of one table, and what was lost. */
export async function tableOf(
  options: Options,
  workload: () => Promise<unknown> = runTraced,
): Promise<{ rows: ValueCount[]; returns: bigint; map: bigint }> {
  using trace = argdist({ ppid: Deno.pid, interval: 3600, ...options });
  const all = Array.fromAsync(trace);
  await workload();
  trace.stop();
  const rows = await all;
  const { map = 0n, returns = 0n } = trace.losses;
  return { rows, map, returns };
}

/** What is counted, as `[value, ..., count]`, in the order of the values. */
export async function countsOf(
  spec: string,
  options: Options = {},
  workload: () => Promise<unknown> = runTraced,
): Promise<unknown[][]> {
  const { rows, map, returns } = await tableOf({ counts: [spec], ...options }, workload);
  if (map + returns > 0n) throw new Error(`${map} and ${returns} were lost`);
  return counted(rows);
}

/** The rows that are counts, as {@link countsOf} has them. */
export function counted(rows: readonly ValueCount[]): unknown[][] {
  return rows.filter(({ histogram }) => histogram === undefined)
    .map(({ count, values }) => [...Object.values((values ?? {}) as object).map(plain), count])
    .sort((a, b) => a < b ? -1 : 1).sort(([a], [b]) => Number(a) - Number(b));
}

function plain(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

/** How often each value is in a list, as {@link countsOf} has it. */
export function tally(values: readonly (number | string)[]): unknown[][] {
  const counts = Map.groupBy(values, (value) => value);
  return [...counts].map(([value, all]) => [value, all.length])
    .sort((a, b) => a < b ? -1 : 1).sort(([a], [b]) => Number(a) - Number(b));
}
