import { readCodeMappings } from "../../symbols/process_maps.ts";
import { findBinary } from "../../sys/binary.ts";
import { tryReadDirectory } from "../../sys/directory.ts";
import { LIBRARY_FOLDERS } from "../../sys/library.ts";
import { fileExists } from "../../sys/status.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";
import { type FilePlace, lookupBudget, ProbedFile } from "./probed_file.ts";
import { ENOENT, SystemError } from "../../sys/errno.ts";
import { FileSource } from "../../symbols/source.ts";
import { readLink } from "../../sys/symlink.ts";

/**
 * The files that a user means by a name: `c` or `libc.so.6` for a library, `bash` for a program, a path, or ""
 * for the programs of the processes. The kernel attaches to files, not to paths: processes of a container have
 * files of their own, as those have that began before a library was replaced. So the files are those that the
 * processes have, if any are named; each is there once.
 * @throws {ExitError} (64) if there is no such file, or none of the processes has it; {SystemError} if a process
 *   has ended
 */
export function filesOf(name: string, pids: readonly number[]): ProbedFile[] {
  if (name === "" && pids.length === 0) {
    throw new ExitError(ExitCode.Usage, "Name a process with -p, whose program is meant by :NAME");
  }
  const budget = lookupBudget();
  const known = new Map<string, ProbedFile>();
  for (const place of pids.flatMap((pid) => placesOfProcess(name, pid))) {
    const file = new ProbedFile(place, budget);
    known.set(file.id, file);
  }
  if (known.size > 0) return [...known.values()];
  if (pids.length > 0) throw notMapped(name, pids);
  const path = fileOf(name);
  return [new ProbedFile({ name: path, path }, budget)];
}

function notMapped(name: string, pids: readonly number[]): ExitError {
  const who = pids.length === 1 ? `Process ${pids[0]} has` : `Processes ${pids.join(", ")} have`;
  const no = name.includes("/") ? "no file" : "mapped no library or program called";
  return new ExitError(ExitCode.Usage, `${who} ${no} ${quoted(name)}`, {
    hint: "/proc/PID/maps lists what a process has mapped",
  });
}

function placesOfProcess(name: string, pid: number): FilePlace[] {
  const exe = `/proc/${pid}/exe`;
  if (name === "") return [{ name: readLink(exe) ?? exe, path: exe }];
  if (name.includes("/")) {
    const root = `/proc/${pid}/root`;
    return isBelow(root, name) ? [{ name, path: name, root }] : [];
  }
  return readCodeMappings(pid).mappings.filter(({ text }) => isNamed(text, name))
    .map(({ text, start, end }) => ({
      name: text,
      // Also where the file has another name by now, or none.
      path: `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`,
    }));
}

function isBelow(root: string, path: string): boolean {
  try {
    FileSource.below(root, path)[Symbol.dispose]();
    return true;
  } catch (error) {
    if (error instanceof SystemError && error.errno === ENOENT) return false;
    throw error;
  }
}

/** Whether a path ends with this name, or is that of the library: `/usr/lib/libc.so.6` for `c`. */
function isNamed(path: string, name: string): boolean {
  const file = path.replace(/ \(deleted\)$/, "").replace(/.*\//, "");
  return file === name || isLibrary(file, name);
}

function isLibrary(file: string, name: string): boolean {
  return file.startsWith(`lib${name}.so`) || file.startsWith(`lib${name}-`) && file.includes(".so");
}

/** The library of this name, else the program: the order of the C and Python tools. */
function fileOf(name: string): string {
  if (name.includes("/")) {
    if (fileExists(name)) return name;
    throw new ExitError(ExitCode.Usage, `There is no file ${quoted(name)}`);
  }
  for (const folder of LIBRARY_FOLDERS) {
    const file = tryReadDirectory(folder).map((entry) => entry.name)
      // lib.so alone is for linkers: it may be a text that names others.
      .filter((file) => file.startsWith(`lib${name}.so.`)).sort()[0];
    if (file !== undefined) return `${folder}/${file}`;
  }
  try {
    return findBinary(name);
  } catch {
    const message = `There is no library and no program called ${quoted(name)}`;
    throw new ExitError(ExitCode.Usage, message);
  }
}
