import type { Attachable } from "../../objects/program.ts";
import { attachToFiles, reportRefusals } from "./attach.ts";
import { functionHook } from "./in_use.ts";
import type { ProbedFile } from "./probed_file.ts";

/** A function whose calls are traced. */
export interface TracedCall {
  readonly name: string;
  /** The program for its beginning. */
  readonly enter: Attachable;
  /** What bpf_get_attach_cookie() gives the program, where many functions share it. */
  readonly cookie?: bigint;
}

/** How calls are traced. */
export interface CallTracing {
  /** The program for all returns. */
  readonly returning: Attachable;
  /** Whether the programs were loaded to be attached to many functions at once. */
  readonly many: boolean;
  /** The only process that is traced; all if left out. */
  readonly pid: number | undefined;
}

/**
 * Attaches programs to the functions that a file has of some.
 * @returns whether it has one of them
 */
export function attachCalls(
  file: ProbedFile,
  calls: readonly TracedCall[],
  { returning, many, pid }: CallTracing,
): boolean {
  const found = calls.flatMap(({ name, enter, cookie = 0n }) => {
    const hook = functionHook(name, file);
    return hook ? [{ enter, numbered: { hook, cookie } }] : [];
  });
  const attach = (program: Attachable, some: typeof found, retprobe: boolean) => {
    const hooks = some.map(({ numbered }) => numbered);
    reportRefusals(attachToFiles(program, hooks, { cookies: false, many, pid, retprobe }));
  };
  // The returns first: a call whose entry alone is seen counts as lost.
  attach(returning, found, true);
  for (const [enter, some] of Map.groupBy(found, ({ enter }) => enter)) attach(enter, some, false);
  return found.length > 0;
}
