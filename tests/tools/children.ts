/** A process that creates others, and threads: tests/workloads/children.c. */
const children = new URL("../../build/tests/children", import.meta.url).pathname;

/** How many it creates. */
export interface Children {
  readonly processes?: number;
  readonly threads?: number;
  /** Processes that execute a program, besides the others. */
  readonly execs?: number;
}

/** Runs it to its end. @returns its pid */
export function create(counts: Children): number {
  const { stdout, success } = new Deno.Command(children, {
    args: Object.entries(counts).flat().map(String),
  }).outputSync();
  if (!success) throw new Error(`${children} has failed`);
  return Number(new TextDecoder().decode(stdout));
}
