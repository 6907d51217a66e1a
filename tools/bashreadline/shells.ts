import { ExitCode, ExitError, fileExists, quoted } from "#lib/tool/mod.ts";
import {
  attachToFiles,
  FollowedFiles,
  type Following,
  functionHook,
  type Hook,
  ProbedFile,
  reportRefusals,
} from "#lib/tool/probes.ts";

type Program = Parameters<typeof attachToFiles>[0];

/** The programs of the kernel half. */
interface Programs {
  readonly readline_return: Program;
  readonly pre_process_line_enter: Program;
}

/** The shell of the host, which nobody needs to run yet. */
const BASH = "/bin/bash";

/** What a file is called that may be bash, whatever its processes are called. The functions that it has decide. */
const SHELL = /bash|sh$/;

/**
 * Attaches programs to bash, wherever it is in use and where it comes into use.
 * @param paths files that are meant instead
 * @param pids the processes that are traced; all if there is none
 * @returns what looks for files no more
 * @throws {ExitError} (64) if one of the files has no readline()
 */
export function attachToShells(
  progs: Programs,
  execs: Following["execs"],
  paths: readonly string[],
  pids: readonly number[],
): Disposable | void {
  const known = new Set<string>();
  const pid = pids.length === 1 ? pids[0] : undefined;
  const attach = (file: ProbedFile) => attachToFile(progs, file, pid, known);
  if (paths.length === 0) {
    if (fileExists(BASH)) attach(new ProbedFile({ name: BASH, path: BASH }));
    return new FollowedFiles({ pids, execs, isMeant: (file) => SHELL.test(file), attach });
  }
  for (const path of paths) {
    if (attach(new ProbedFile({ name: path, path }))) continue;
    throw new ExitError(ExitCode.Usage, `${quoted(path)} has no function readline()`, {
      hint: "a shell may have it in a library: ldd PROGRAM lists them",
    });
  }
}

/**
 * Attaches to a file, once, if it has readline().
 * @param known the files that programs are attached to
 * @returns whether it has
 */
function attachToFile(
  progs: Programs,
  file: ProbedFile,
  pid: number | undefined,
  known: Set<string>,
): boolean {
  const returning = functionHook("readline", file);
  if (returning === undefined) return false;
  const id = file.idIfThere;
  if (id === undefined) return false;
  if (known.has(id)) return true;
  known.add(id);
  const passing = functionHook("pre_process_line", file);
  const options = { cookies: false, many: false, pid };
  const numbered = (hook: Hook | undefined) => hook ? [{ hook, cookie: 0n }] : [];
  reportRefusals([
    ...attachToFiles(progs.pre_process_line_enter, numbered(passing), options),
    ...attachToFiles(progs.readline_return, numbered(returning), { ...options, retprobe: true }),
  ]);
  return true;
}
