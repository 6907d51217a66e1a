import { findFunction } from "../../objects/attach/elf_function.ts";
import { BpfError } from "../../objects/errors.ts";
import { readCodeMappings } from "../../symbols/process_maps.ts";
import { tryReadDirectory } from "../../sys/directory.ts";
import { SystemError } from "../../sys/errno.ts";
import { readLink } from "../../sys/symlink.ts";
import type { Hook, ProbedFile } from "./hook.ts";

/**
 * A function of the libraries that processes have mapped, once for each file: containers have files of their
 * own, and so do processes that began before a library was replaced.
 * @param isMeant whether a file is such a library, by its name without folders: `libc.so.6`
 * @param pids the processes, whose programs may have the function in themselves; every process if there is none.
 *   One that has ended has none
 */
export function functionInUse(
  func: string,
  isMeant: (file: string) => boolean,
  pids: readonly number[],
): Hook[] {
  const files = librariesInUse(isMeant, pids.length > 0 ? pids : allProcesses(), pids.length > 0);
  return [...files.values()].flatMap((file) => functionHook(func, file) ?? []);
}

/**
 * The libraries that processes have mapped, each once, by what distinguishes them: device and inode.
 * @param isMeant whether a file is such a library, by its name without folders: `libc.so.6`
 * @param pids the processes. One that has ended has none
 * @param withPrograms whether the programs of the processes are meant, too
 */
export function librariesInUse(
  isMeant: (file: string) => boolean,
  pids: readonly number[],
  withPrograms: boolean,
): Map<string, ProbedFile> {
  const files = new Map<string, ProbedFile>();
  for (const pid of pids) {
    const program = withPrograms ? readLink(`/proc/${pid}/exe`) : undefined;
    for (const { text, device, inode, start, end } of mappingsOf(pid)) {
      const file = text.replace(/ \(deleted\)$/, "").replace(/.*\//, "");
      const key = `${device} ${inode}`;
      if (inode === 0n || files.has(key) || text !== program && !isMeant(file)) continue;
      // Also where the file has another name by now, or none.
      const path = `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
      files.set(key, { name: text, path });
    }
  }
  return files;
}

/** The program that a process runs, by a way that leads there from any container; undefined if it has ended. */
export function programOf(pid: number): ProbedFile | undefined {
  const path = `/proc/${pid}/exe`;
  const name = readLink(path)?.replace(/ \(deleted\)$/, "");
  return name === undefined ? undefined : { name, path };
}

/** A function of a file; undefined if it has no such function, or is there no more. */
export function functionHook(func: string, { name, path }: ProbedFile): Hook | undefined {
  const offset = offsetOf(func, path);
  if (offset === undefined) return undefined;
  return { names: [func], owner: name, path, places: [{ at: BigInt(offset) }] };
}

function offsetOf(func: string, path: string): number | undefined {
  try {
    return findFunction(path, func, `trace ${func}`)?.offset;
  } catch (error) {
    if (error instanceof BpfError) return undefined; // it has no such function
    throw error;
  }
}

/** The processes that there are. */
export function allProcesses(): number[] {
  return tryReadDirectory("/proc").map(({ name }) => Number(name)).filter((pid) => pid > 0);
}

function mappingsOf(pid: number) {
  try {
    return readCodeMappings(pid).mappings;
  } catch (error) {
    if (error instanceof SystemError) return []; // it has ended
    throw error;
  }
}
