/** Runs trace while the workload tests/workloads/traced.c runs. */
import { type Passed, trace } from "../../tools/trace.ts";

export const traced = new URL("../../build/tests/traced", import.meta.url).pathname;

type Options = NonNullable<Parameters<typeof trace>[0]>;

/** Runs the workload in a folder of its own. */
export async function runTraced(): Promise<void> {
  const cwd = await Deno.makeTempDir();
  try {
    const { success } = await new Deno.Command(traced, { cwd }).output();
    if (!success) throw new Error("traced has failed");
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

/** What the tool shows of it. */
export async function eventsOf(
  probe: string,
  options: Options = {},
  workload: () => Promise<unknown> = runTraced,
): Promise<Passed[]> {
  using passed = trace({ comm: "traced", ...options, probe });
  await workload();
  passed.stop();
  const events: Passed[] = [];
  for await (const event of passed) events.push(event);
  if (passed.lost > 0n) throw new Error(`${passed.lost} events were lost`);
  return events;
}

/** The values of the events, each as a list. */
export async function valuesOf(probe: string, options: Options = {}): Promise<unknown[][]> {
  const events = await eventsOf(probe, options);
  return events.map(({ values }) => Object.values(values as Record<string, unknown>).map(plain));
}

/** The same number of the same values. */
export const times = <T>(count: number, value: T): T[] => Array(count).fill(value);

/** 0, 1, ... */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function plain(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
