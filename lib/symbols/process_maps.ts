/** What a process has mapped that can be run: /proc/PID/maps, proc_pid_maps(5). */
import { readFile } from "../sys/file.ts";
import { decodeText } from "../sys/text.ts";

/** A stretch of memory that holds code. */
export interface CodeMapping {
  /** The first address and the one behind the last. Below 2^53: user space ends at 2^47 or 2^56. */
  readonly start: number;
  readonly end: number;
  /** Where in the file the first byte is. */
  readonly offset: number;
  /** 0 where no file is mapped. */
  readonly inode: bigint;
  /**
   * The file as the process sees it below its own root, or `[vdso]`, `[heap]` and so on; empty for
   * memory of no file, where JITs put their code.
   */
  readonly path: string;
  /** Whether the file has been deleted or replaced since. */
  readonly deleted: boolean;
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) [0-9a-f]+:[0-9a-f]+ (\d+) *(.*)$/;
const DELETED = " (deleted)";

/** More than any process may have (vm.max_map_count is 65530 unless root raises it). */
const MOST_MAPPINGS = 1_000_000;

/**
 * The executable mappings of a process by address, and the text that they were read from.
 * @throws {SystemError} ENOENT when it is gone, EACCES without the right to look
 */
export function readCodeMappings(pid: number): { text: string; mappings: CodeMapping[] } {
  const bytes = readFile(`/proc/${pid}/maps`);
  const text = decodeText(bytes, 0, bytes.length);
  return { text, mappings: parseCodeMappings(text) };
}

/** The executable mappings in the text of /proc/PID/maps; lines of another form are passed over. */
export function parseCodeMappings(text: string): CodeMapping[] {
  const mappings: CodeMapping[] = [];
  for (const line of text.split("\n", MOST_MAPPINGS)) {
    const [, start, end, offset, inode, name] = LINE.exec(line) ?? [];
    if (start === undefined) continue;
    const deleted = name.endsWith(DELETED);
    mappings.push({
      start: parseInt(start, 16),
      end: parseInt(end, 16),
      offset: parseInt(offset, 16),
      inode: BigInt(inode),
      // Only a newline is escaped there: seq_path(m, path, "\n") in fs/proc/task_mmu.c.
      path: (deleted ? name.slice(0, -DELETED.length) : name).replaceAll("\\012", "\n"),
      deleted,
    });
  }
  return mappings;
}
