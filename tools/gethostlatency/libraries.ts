import { ExitCode, ExitError, quoted } from "#lib/tool/mod.ts";
import {
  attachCalls,
  FollowedFiles,
  type Following,
  type LoadedProgram,
  ProbedFile,
} from "#lib/tool/probes.ts";

/** The functions that look up hosts: netdb.h. The name of each is that of its program, less `_enter`. */
const FUNCTIONS = [
  "getaddrinfo",
  "getnameinfo",
  "gethostbyname",
  "gethostbyname2",
  "gethostbyname_r",
  "gethostbyname2_r",
  "gethostbyaddr",
  "gethostbyaddr_r",
] as const;

/** The programs of the kernel half. */
type Programs = {
  readonly [Name in `${typeof FUNCTIONS[number]}_enter` | "lookup_return"]: LoadedProgram;
};

/** glibc, and musl, which is its own loader. */
const LIBC = /^(libc|ld-musl|libc\.musl)[-.].*\bso\b/;

/**
 * Attaches programs to a libc wherever it is in use, and where it comes into use.
 * @param paths files that are meant instead
 * @param pids the processes that are traced; all if there is none. Their programs may be linked statically
 * @returns what looks for files no more
 * @throws {ExitError} (64) if one of the files has none of the functions, or the processes have no such file;
 *   (77) if this process may not look into those of others
 */
export function attachToLibc(
  progs: Programs,
  execs: Following["execs"],
  paths: readonly string[],
  pids: readonly number[],
): Disposable | void {
  const pid = pids.length === 1 ? pids[0] : undefined;
  const calls = FUNCTIONS.map((name) => ({ name, enter: progs[`${name}_enter`] }));
  const attach = (file: ProbedFile) =>
    attachCalls(file, calls, { returning: progs.lookup_return, many: false, pid });
  if (paths.length === 0) {
    const files = new FollowedFiles({
      pids,
      execs,
      isMeant: (file) => LIBC.test(file),
      attach,
    });
    if (files.count > 0) return files;
    files[Symbol.dispose]();
    throw notFound(pids);
  }
  for (const path of paths) {
    if (attach(new ProbedFile({ name: path, path }))) continue;
    const reason = `${quoted(path)} has no function that looks up hosts`;
    throw new ExitError(ExitCode.Usage, reason, { hint: "ldd PROGRAM lists what has" });
  }
}

/** Deno has a libc mapped itself: where none is found, none could be opened. */
function notFound(pids: readonly number[]): ExitError {
  if (pids.length === 0) {
    const reason = "Cannot look into the libraries of processes: this process may not";
    const hint = "run it as root (sudo), or with CAP_SYS_ADMIN and CAP_SYS_PTRACE";
    return new ExitError(ExitCode.NoPermission, reason, { hint });
  }
  const who = pids.length === 1 ? `Process ${pids[0]} has` : `Processes ${pids.join(", ")} have`;
  return new ExitError(ExitCode.Usage, `${who} no function that looks up hosts`, {
    hint: "static programs and those of Go do so by themselves",
  });
}
