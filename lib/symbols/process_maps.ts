/** What a process has mapped that can be run: /proc/PID/maps, proc_pid_maps(5). */
import { readFile } from "../sys/file.ts";
import { decodeText } from "../sys/text.ts";
import { LIMITS } from "./budget.ts";

/** A stretch of memory that holds code. */
export interface CodeMapping {
  /** The first address and the one behind the last. Below 2^53: user space ends at 2^47 or 2^56. */
  readonly start: number;
  readonly end: number;
  /** Where in the file the first byte is. */
  readonly offset: number;
  /** Numbers of the file's device: `fe:01`. */
  readonly device: string;
  /** 0 where no file is mapped. */
  readonly inode: bigint;
  /**
   * As the kernel writes it: the file, or `[vdso]`, `[heap]` and so on; empty for memory of no file, where
   * JITs put their code. A newline in it is `\012`, as four characters may be as well, and
   * ` (deleted)` is behind the name of a file that has been deleted or replaced.
   */
  readonly text: string;
}

/** What was read of a process's mappings. */
export interface CodeMappings {
  readonly mappings: readonly CodeMapping[];
  /** Bytes that the whole list has, or that were read of it. */
  readonly size: number;
  /** Whether there are more. */
  readonly isCut: boolean;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const DASH = 0x2d;
const X = 0x78;

/**
 * The executable mappings of a process by address.
 * @throws {SystemError} ENOENT when it is gone, EACCES without the right to look
 */
export function readCodeMappings(pid: number): CodeMappings {
  const bytes = readFile(`/proc/${pid}/maps`, LIMITS.mapsBytes);
  const mappings = parseCodeMappings(bytes);
  const isCut = bytes.length === LIMITS.mapsBytes || mappings.length === LIMITS.mappings;
  return { mappings, size: bytes.length, isCut };
}

/** The executable mappings in what /proc/PID/maps holds; lines of another form are passed over. */
export function parseCodeMappings(bytes: Uint8Array<ArrayBuffer>): CodeMapping[] {
  const mappings: CodeMapping[] = [];
  let last: FileText = { start: 0, end: 0, file: undefined };
  for (let at = 0; at < bytes.length && mappings.length < LIMITS.mappings;) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline;
    const fields = new Fields(bytes, at, end);
    const [start, stop] = [fields.hex(DASH), fields.hex(SPACE)];
    const permissions = fields.skip();
    // Most are not of code: they are left alone.
    if (start >= 0 && stop > start && bytes[permissions + 2] === X) {
      const offset = fields.hex(SPACE);
      last = fileIn(bytes, fields.position, end, last);
      if (offset >= 0 && last.file !== undefined) {
        mappings.push({ start, end: stop, offset, ...last.file });
      }
    }
    at = end + 1;
  }
  return mappings;
}

/** The end of a line, which describes a file, and where it is. */
interface FileText {
  readonly start: number;
  readonly end: number;
  readonly file: Pick<CodeMapping, "device" | "inode" | "text"> | undefined;
}

const FILE = /^(\S+) (\d+) *([^]*)$/;

/** The file in these bytes. Mappings of one file mostly follow each other: they share one text. */
function fileIn(bytes: Uint8Array, start: number, end: number, last: FileText): FileText {
  const length = end - start;
  let same = length === last.end - last.start;
  for (let at = 0; same && at < length; at++) same = bytes[start + at] === bytes[last.start + at];
  if (same) return { start, end, file: last.file };
  const [, device, inode, text] = FILE.exec(decodeText(bytes, start, end)) ?? [];
  return {
    start,
    end,
    file: device === undefined ? undefined : { device, inode: BigInt(inode), text },
  };
}

/** Reads the fields of a line, one after the other. */
class Fields {
  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly end: number,
  ) {}

  /** Where the next field begins. */
  get position(): number {
    return Math.min(this.at, this.end);
  }

  /** A hexadecimal number that ends with this byte; -1 if there is none. */
  hex(separator: number): number {
    let value = 0;
    const first = this.at;
    for (let byte = this.bytes[this.at]; this.at < this.end; byte = this.bytes[++this.at]) {
      const digit = byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    const ends = this.at < this.end && this.bytes[this.at] === separator;
    return ends && this.at++ > first ? value : -1;
  }

  /** Passes over a field. @returns where it begins */
  skip(): number {
    const first = this.at;
    while (this.at < this.end && this.bytes[this.at] !== SPACE) this.at++;
    this.at++;
    return first;
  }
}
