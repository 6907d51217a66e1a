/** What the kernel reports about the programs and maps that a process holds. */
import { listPrograms, type ProgramInfo } from "#lib/objects/program_info.ts";

/** What /proc reports about the files that a process has open, member by member. */
function openFiles(pid: number): Readonly<Record<string, string>>[] {
  const folder = `/proc/${pid}/fdinfo`;
  return [...Deno.readDirSync(folder)].map(({ name }) => {
    const lines = readOpenFile(`${folder}/${name}`).trim().split("\n");
    return Object.fromEntries(lines.map((line) => line.split(":\t")));
  });
}

/** Files are closed at any time. */
function readOpenFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** The programs that a process has loaded. */
export function programsOf(pid: number): readonly ProgramInfo[] {
  const ids = new Set(openFiles(pid).map(({ prog_id }) => Number(prog_id)));
  return [...listPrograms()].filter(({ id }) => ids.has(id));
}

/** What all maps of a process take, in bytes. */
export function mapMemory(pid: number): number {
  const maps = openFiles(pid).filter(({ map_id }) => map_id !== undefined);
  const sizes = new Map(maps.map(({ map_id, memlock }) => [map_id, Number(memlock)]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** For how many nanoseconds the programs of a process have run. */
export function runTime(pid: number): number {
  return programsOf(pid).reduce((sum, { runTimeNs }) => sum + Number(runTimeNs), 0);
}

const STATS = "/proc/sys/kernel/bpf_stats_enabled";

/** Lets the kernel measure how long programs run, which costs about 20 ns each time. */
export async function withStats<T>(work: () => Promise<T>): Promise<T> {
  const before = Deno.readTextFileSync(STATS);
  Deno.writeTextFileSync(STATS, "1");
  try {
    return await work();
  } finally {
    Deno.writeTextFileSync(STATS, before);
  }
}
