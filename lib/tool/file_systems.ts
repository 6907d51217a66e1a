/**
 * Where calls of file systems are hooked: the functions of each that bpf/include/file_calls.h has programs for.
 * It stands apart from mod.ts as functions.ts does.
 *
 * @module
 */
import { Btf } from "../btf/layout.ts";
import { attachKprobe } from "../objects/attach/kprobe.ts";
import { attachKprobeMulti } from "../objects/attach/kprobe_multi.ts";
import { hasAttachKind } from "../objects/features/attach_kinds.ts";
import type { LoadedProgram, OpenedProgram } from "../skeleton/skeleton.ts";
import { pageSize } from "../sys/memory.ts";
import { errnoText, SystemError } from "../sys/errno.ts";
import { mountedDevice, mountPointOf } from "../sys/mounts.ts";
import { ExitCode, ExitError } from "./ending/exit.ts";
import { requirePermissions } from "./ending/permissions.ts";
import { type WayToTrace, wayToTrace } from "./functions.ts";
import { list, type Parser } from "./options/declarations.ts";
import { choice } from "./options/parsers.ts";
import { ValueError } from "./options/usage_errors.ts";
import { quoted } from "./text/escape.ts";

/** Operations in the order of `enum file_op` of bpf/include/file_call.h. */
export const FILE_OPS = ["read", "write", "open", "fsync", "getattr", "fault"] as const;

/** Their letters: those of the C tool, and of what it does not show. */
export const FILE_OP_LETTERS = "RWOFGP";

/** What is done to a file. */
export type FileOp = typeof FILE_OPS[number];

interface FileSystem {
  /** The kernel's module that it is in, unless it is built in. */
  readonly module: string;
  /** Its `s_magic`: include/uapi/linux/magic.h and others. */
  readonly magic: bigint;
  /** The functions of its `struct file_operations` and `struct inode_operations`. */
  readonly read: string;
  readonly write: string;
  readonly open: string;
  readonly fsync: string;
  readonly getattr: string;
  /** From Linux 6.5 on; a splice was a read before. Left out: `filemap_splice_read`, which several have. */
  readonly splice?: string;
}

const FILE_SYSTEMS = {
  bcachefs: {
    module: "bcachefs",
    magic: 0xca45_1a4en,
    read: "bch2_read_iter",
    write: "bch2_write_iter",
    open: "bch2_open",
    fsync: "bch2_fsync",
    getattr: "bch2_getattr",
  },
  btrfs: {
    module: "btrfs",
    magic: 0x9123_683en,
    read: "btrfs_file_read_iter",
    write: "btrfs_file_write_iter",
    open: "btrfs_file_open",
    fsync: "btrfs_sync_file",
    getattr: "btrfs_getattr",
  },
  ext4: {
    module: "ext4",
    magic: 0xef53n,
    read: "ext4_file_read_iter",
    write: "ext4_file_write_iter",
    open: "ext4_file_open",
    fsync: "ext4_sync_file",
    getattr: "ext4_getattr",
    splice: "ext4_file_splice_read",
  },
  f2fs: {
    module: "f2fs",
    magic: 0xf2f5_2010n,
    read: "f2fs_file_read_iter",
    write: "f2fs_file_write_iter",
    open: "f2fs_file_open",
    fsync: "f2fs_sync_file",
    getattr: "f2fs_getattr",
    splice: "f2fs_file_splice_read",
  },
  fuse: {
    module: "fuse",
    magic: 0x6573_5546n,
    read: "fuse_file_read_iter",
    write: "fuse_file_write_iter",
    open: "fuse_open",
    fsync: "fuse_fsync",
    getattr: "fuse_getattr",
    splice: "fuse_splice_read",
  },
  nfs: {
    module: "nfs",
    magic: 0x6969n,
    read: "nfs_file_read",
    write: "nfs_file_write",
    open: "nfs_file_open",
    fsync: "nfs_file_fsync",
    getattr: "nfs_getattr",
    splice: "nfs_file_splice_read",
  },
  xfs: {
    module: "xfs",
    magic: 0x5846_5342n,
    read: "xfs_file_read_iter",
    write: "xfs_file_write_iter",
    open: "xfs_file_open",
    fsync: "xfs_file_fsync",
    getattr: "xfs_vn_getattr",
    splice: "xfs_file_splice_read",
  },
  zfs: {
    module: "zfs",
    magic: 0x2fc1_2fc1n,
    read: "zpl_iter_read",
    write: "zpl_iter_write",
    open: "zpl_open",
    fsync: "zpl_fsync",
    getattr: "zpl_getattr",
  },
} satisfies Readonly<Record<string, FileSystem>>;

/** A file system whose own functions are known. */
export type FileSystemName = keyof typeof FILE_SYSTEMS;

/** Any file system. */
const ANY = "any";

/** More at a time would need more programs: the kernel attaches one of fentry to one function. */
const MAX_FILE_SYSTEMS = 2;

/** A file system by its name, or `any`. */
export const fileSystem: Parser<FileSystemName | typeof ANY> = choice(
  ANY,
  ...Object.keys(FILE_SYSTEMS) as FileSystemName[],
);

/**
 * The file systems that an option names; none for any.
 * @throws {ExitError} for more than can be traced at a time
 */
export function fileSystemsOf(names: readonly string[]): FileSystemName[] {
  if (names.includes(ANY)) return [];
  const types = [...new Set(names)] as FileSystemName[];
  if (types.length <= MAX_FILE_SYSTEMS) return types;
  throw new ExitError(
    ExitCode.Usage,
    `${
      types.join(", ")
    } are too many: ${MAX_FILE_SYSTEMS} file systems can be traced at a time, or any`,
  );
}

/** An operation by its name, or its letter. */
export const fileOp: Parser<FileOp> = (text): FileOp => {
  const at = FILE_OP_LETTERS.indexOf(text);
  const op = text.length === 1 ? FILE_OPS[at] : FILE_OPS.find((op) => op === text);
  if (op !== undefined) return op;
  throw new ValueError(
    `${quoted(text)} is not one of ${[...FILE_OP_LETTERS].join(", ")}, ${FILE_OPS.join(", ")}`,
  );
};

/** The file system that a path is on, by its device. */
export const mountOf: Parser<number> = (path): number => {
  requirePermissions();
  try {
    const dev = path.includes("\0") ? undefined : mountedDevice(path);
    if (dev !== undefined) return dev;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new ValueError(`${quoted(path)} cannot be looked at: ${errnoText(error.errno)}`);
  }
  throw new ValueError(`${quoted(path)} is on no file system that is mounted here`);
};

/** Where file systems are mounted, each looked up once. */
export class MountPoints {
  readonly #known = new Map<number, string | undefined>();

  /** The path, or undefined if it is not mounted. @param dev as the kernel's dev_t */
  of(dev: number): string | undefined {
    if (!this.#known.has(dev)) this.#known.set(dev, mountPointOf(dev));
    return this.#known.get(dev);
  }
}

/** A function that is hooked. */
interface Hook {
  readonly op: FileOp;
  readonly name: string;
  /** The name of its programs: `read_a` for fentry and fexit, `read` for a kprobe. */
  readonly typed: string;
  readonly probe: string;
  readonly way: WayToTrace;
}

/** What is to be traced. */
interface FileCalls {
  /** The file systems; none: any, by the functions that calls of processes pass whatever the file system is. */
  readonly types: readonly FileSystemName[];
  /** The operations; none: all. */
  readonly ops: readonly FileOp[];
}

/** Which calls are traced: options to be spread into those of a tool. */
export const fileCallOptions = {
  type: list("t", "FS,...", "Trace these file systems, two at most, or any", fileSystem),
  op: list("", "OP,...", "Show only these: R, W, O, F, G, P; also read, write and so on", fileOp),
};

/** The values of {@link fileCallOptions}. */
interface ChosenCalls {
  readonly type: readonly string[];
  readonly op: readonly FileOp[];
}

const callsOf = ({ type, op }: ChosenCalls): FileCalls => ({ types: fileSystemsOf(type), ops: op });

interface OpenedCalls {
  readonly progs: Readonly<Record<string, OpenedProgram>>;
  readonly rodata: {
    targ_magics: readonly bigint[];
    targ_dev: number;
    regular_only: boolean;
    page_shift: number;
  };
  readonly maps: { readonly queued: { maxEntries: number } };
}

/** Sets which files are traced, and chooses the programs that are loaded and the functions for which. */
export function prepareFileCalls(
  { progs, rodata, maps }: OpenedCalls,
  options: ChosenCalls & { readonly mount: number | undefined; readonly all_files: boolean },
): void {
  const calls = callsOf(options);
  if (options.mount !== undefined) rodata.targ_dev = options.mount;
  rodata.regular_only = !options.all_files && calls.types.length === 0;
  const [first, second = first] = calls.types;
  if (first !== undefined) {
    rodata.targ_magics = [FILE_SYSTEMS[first].magic, FILE_SYSTEMS[second].magic];
  }
  rodata.page_shift = Math.log2(pageSize());
  const hooks = hooksFor(calls);
  for (const { op, name, typed, probe, way } of hooks) {
    if (way !== "fexit") {
      for (const program of [progs[`kprobe_${probe}`], progs[`kretprobe_${op}`]]) {
        loadProbe(program, way);
      }
      continue;
    }
    for (const program of [progs[`fentry_${typed}`], progs[`fexit_${typed}`]]) {
      program.setAttachTarget(name);
      program.autoload = true;
    }
  }
  const goesOn = first !== undefined && hooks.some(({ op }) => op === "read" || op === "write");
  if (!goesOn) maps.queued.maxEntries = 1;
  for (const { name, way } of goesOn ? completions() : []) {
    if (way === "fexit") progs[`${KINDS[name]}_${name}`].autoload = true;
    else loadProbe(progs.kprobe_complete, way);
  }
}

/** A probe is loaded for the way in which it is to be attached. */
function loadProbe(program: OpenedProgram, way: WayToTrace): void {
  program.autoload = true;
  if (way === "kprobe.multi") program.attachType = "trace_kprobe_multi";
}

function attachProbe(program: LoadedProgram, name: string, way: WayToTrace, retprobe: boolean) {
  if (way === "kprobe.multi") attachKprobeMulti(program, [name], { retprobe });
  else attachKprobe(program, name, { retprobe });
}

/**
 * Attaches the programs that libbpf does not attach: probes.
 * @param tool the name of the tool, for the errors
 * @throws {ExitError} if the host cannot trace these file systems
 */
export function attachFileCalls(
  tool: string,
  { progs }: { readonly progs: Readonly<Record<string, LoadedProgram>> },
  options: ChosenCalls,
): void {
  const calls = callsOf(options);
  const hooks = hooksFor(calls);
  if (!hasAttachKind("fexit") && !hasAttachKind("kprobe")) {
    throw new ExitError(
      ExitCode.Unavailable,
      `Cannot attach ${tool}: this host has neither fexit nor kprobes, by which functions of file systems ` +
        "are traced",
    );
  }
  for (const type of calls.types) {
    const { module, read } = FILE_SYSTEMS[type];
    if (wayToTrace(read, module) !== undefined) continue;
    throw new ExitError(
      ExitCode.Unavailable,
      `Cannot attach ${tool}: this kernel has no ${type} now: there is no function ${read}()`,
      { hint: `if it is a module, load it: modprobe ${module}` },
    );
  }
  for (const { op, name, probe, way } of hooks) {
    if (way === "fexit") continue;
    attachProbe(progs[`kretprobe_${op}`], name, way, true);
    attachProbe(progs[`kprobe_${probe}`], name, way, false);
  }
  if (!progs.kprobe_complete.autoload) return;
  for (const { name, way } of completions()) {
    if (way !== "fexit") attachProbe(progs.kprobe_complete, name, way, false);
  }
}

/** Where reads and writes end that went on when their function had returned, with the program for each. */
const KINDS: Readonly<Record<string, "fentry" | "fexit">> = {
  aio_complete_rw: "fentry",
  io_complete_rw: "fentry",
  io_complete_rw_iopoll: "fentry",
  iomap_dio_complete: "fexit",
};

/** Those that this kernel has. The result of the last one is known to fexit alone. */
function completions(): { readonly name: string; readonly way: WayToTrace }[] {
  return Object.entries(KINDS).flatMap(([name, kind]) => {
    const way = wayToTrace(name);
    if (way === undefined || kind === "fentry") return way === undefined ? [] : { name, way };
    return hasAttachKind("fexit") ? { name, way: "fexit" as const } : [];
  });
}

function hooksFor({ types, ops }: FileCalls): Hook[] {
  const wanted = (op: FileOp) => ops.length === 0 || ops.includes(op);
  const hooks: Hook[] = [];
  const add = (
    op: FileOp,
    names: readonly string[],
    typed: string,
    { module, probe = typed }: { module?: string; probe?: string } = {},
  ) => {
    if (!wanted(op)) return;
    for (const name of names) {
      const way = wayToTrace(name, module);
      if (way !== undefined) return hooks.push({ op, name, typed, probe, way });
    }
  };
  for (const [at, type] of types.entries()) {
    const { module, splice, read, write, open, fsync, getattr }: FileSystem = FILE_SYSTEMS[type];
    const own = (op: FileOp, name: string, probe: string = op) =>
      add(op, [name], `${probe}_${"ab"[at]}`, { module, probe });
    own("read", read);
    own("read", splice ?? "filemap_splice_read", "splice");
    own("write", write);
    own("open", open);
    own("fsync", fsync);
    own("getattr", getattr, getattrHasIdmap() ? "idmap_getattr" : "getattr");
  }
  if (types.length === 0) {
    add("read", ["vfs_read"], "vfs_read");
    add("read", ["vfs_readv"], "vfs_readv");
    // Linux 6.8 and later, 6.5, before: the function that all splices of a file pass.
    add("read", ["do_splice_read", "vfs_splice_read", "do_splice_to"], "splice_a", {
      probe: "splice",
    });
    add("write", ["vfs_write"], "vfs_write");
    add("write", ["vfs_writev"], "vfs_writev");
    add("open", ["vfs_open"], "vfs_open");
    add("fsync", ["do_fsync"], "do_fsync");
    add("fsync", ["vfs_fsync_range"], "fsync_a", { probe: "fsync" });
    // The compiler has made vfs_getattr() part of some of its callers.
    add("getattr", ["vfs_getattr_nosec"], "getattr_a", { probe: "getattr" });
  }
  add("fault", ["filemap_fault"], "fault");
  return hooks;
}

/** Whether `getattr` of `struct inode_operations` is passed the mount's idmapping: Linux 5.12. */
function getattrHasIdmap(): boolean {
  const btf = Btf.kernel();
  const id = btf.find("struct", "inode_operations");
  const type = id === undefined ? undefined : btf.type(id);
  const member = type?.kind === "struct"
    ? type.members.find(({ name }) => name === "getattr")
    : undefined;
  const pointer = member && btf.resolved(member.type);
  const prototype = pointer?.kind === "pointer" ? btf.resolved(pointer.type) : undefined;
  return prototype?.kind === "prototype" && prototype.parameters.length === 5;
}
