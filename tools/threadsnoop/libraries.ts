import { attachToFiles, functionInUse, reportRefusals } from "#lib/tool/probes.ts";

type Program = Parameters<typeof attachToFiles>[0];

/** glibc, also as it was before 2.34 with its own library for threads, and musl, which is its own loader. */
const LIBRARIES = /^(libc|libpthread|ld-musl|libc\.musl)[-.].*\bso\b/;

/**
 * Attaches programs to pthread_create() wherever it is in use.
 * @param entry runs when it is called
 * @param exit runs when it returns
 * @param pids the processes that are traced; all if there is none
 */
export function attachToPthreadCreate(
  entry: Program,
  exit: Program,
  pids: readonly number[],
): void {
  const isMeant = (file: string) => LIBRARIES.test(file);
  const hooks = functionInUse("pthread_create", isMeant, pids)
    .map((hook) => ({ hook, cookie: 0n }));
  const pid = pids.length === 1 ? pids[0] : undefined;
  for (const [program, retprobe] of [[exit, true], [entry, false]] as const) {
    reportRefusals(attachToFiles(program, hooks, { cookies: false, many: false, pid, retprobe }));
  }
}
