import { findFunction } from "../../objects/attach/elf_function.ts";
import { BpfError } from "../../objects/errors.ts";
import { readCodeMappings } from "../../symbols/process_maps.ts";
import { tryReadDirectory } from "../../sys/directory.ts";
import { SystemError } from "../../sys/errno.ts";
import { readLink } from "../../sys/symlink.ts";
import type { Hook } from "./hook.ts";

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
  const hooks = new Map<string, Hook | undefined>();
  for (const pid of pids.length > 0 ? pids : allProcesses()) {
    const program = pids.length > 0 ? readLink(`/proc/${pid}/exe`) : undefined;
    for (const { text, device, inode, start, end } of mappingsOf(pid)) {
      const file = text.replace(/ \(deleted\)$/, "").replace(/.*\//, "");
      const key = `${device} ${inode}`;
      if (inode === 0n || hooks.has(key) || text !== program && !isMeant(file)) continue;
      // Also where the file has another name by now, or none.
      const path = `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
      hooks.set(key, hookOf(func, text, path));
    }
  }
  return [...hooks.values()].filter((hook) => hook !== undefined);
}

function hookOf(func: string, owner: string, path: string): Hook | undefined {
  const offset = offsetOf(func, path);
  if (offset === undefined) return undefined;
  return { names: [func], owner, path, places: [{ at: BigInt(offset) }] };
}

function offsetOf(func: string, path: string): number | undefined {
  try {
    return findFunction(path, func, `trace ${func}`)?.offset;
  } catch (error) {
    if (error instanceof BpfError) return undefined; // it has no such function
    throw error;
  }
}

function allProcesses(): number[] {
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
