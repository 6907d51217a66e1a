import type { Funclatency } from "#skel/funclatency.ts";
import { takeSet } from "#lib/tool/mod.ts";
import { attachToFiles, attachToKernel, callOwnFunction, ownFunction } from "#lib/tool/probes.ts";
import type { Plan } from "./plan.ts";

type Loaded = ReturnType<ReturnType<typeof Funclatency.open>["load"]>;

/** Calls of which the shortest counts: another one may have lost the CPU in the middle. */
const CALLS = 101;

/**
 * How long a function takes that does next to nothing: about what the probes add to each call. It is measured here
 * and now, since it differs between kernels and processors by more than ten times.
 * @returns nanoseconds; undefined where nothing can be attached to that function
 */
export function measureProbes(
  { bss, maps, progs }: Loaded,
  { kind, how }: Plan,
): number | undefined {
  const hook = ownFunction(kind === "kernel" ? "kernel" : "libc");
  if (hook === undefined) return undefined;
  const [{ at }] = hook.places;
  const hooks = [{ hook, cookie: 0n }];
  const attach = kind === "kernel" ? attachToKernel : attachToFiles;
  bss.measuring_pid = Deno.pid;
  if (!how.cookies) maps.places.update(at, 0);
  try {
    using links = new DisposableStack();
    const options = { ...how, pid: undefined, links };
    const refused = [
      ...attach(progs.leave, hooks, { ...options, retprobe: true }),
      ...attach(progs.enter, hooks, options),
    ];
    if (refused.length > 0) return undefined;
    callOwnFunction(CALLS);
  } finally {
    bss.measuring_pid = 0;
    if (!how.cookies) maps.places.delete(at);
  }
  const shortest = takeSet(maps.counts, bss.set).map(([, { min_ns }]) => Number(min_ns));
  return shortest.length === 0 ? undefined : Math.min(...shortest);
}
