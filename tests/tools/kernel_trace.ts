/**
 * What tracepoints print while `work` runs, a line each, in an instance of tracefs of its own.
 * @param tracepoints `block/block_rq_issue`
 */
export async function kernelTrace(
  tracepoints: readonly string[],
  work: () => unknown,
): Promise<string[]> {
  const instance = `/sys/kernel/tracing/instances/denobpf-${Deno.pid}`;
  Deno.mkdirSync(instance);
  try {
    for (const name of tracepoints) {
      Deno.writeTextFileSync(`${instance}/events/${name}/enable`, "1");
    }
    await work();
    return Deno.readTextFileSync(`${instance}/trace`).split("\n");
  } finally {
    Deno.removeSync(instance);
  }
}
