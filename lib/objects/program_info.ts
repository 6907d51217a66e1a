import { hexText } from "../sys/text.ts";
import { programIds } from "../libbpf/info_symbols.ts";
import { typeNames } from "../libbpf/symbols.ts";
import { tryReadTextFile } from "../sys/file.ts";
import { textAt } from "../sys/libc.ts";
import { UnsupportedError } from "./errors.ts";
import {
  addressOf,
  type Descriptor,
  descriptorOf,
  fillInfo,
  KernelObject,
  readAll,
  textIn,
  walkIds,
} from "./kernel_object.ts";
import type { ProgramType } from "./program_types.ts";

/** What the kernel reports about a loaded program. What an older kernel does not say is zero. */
export interface ProgramInfo {
  /** Its id, which nothing else of its kind has while it lives. */
  readonly id: number;
  /** As libbpf and bpftool call it; `type 99` for one that this libbpf does not know. */
  readonly type: ProgramType | `type ${number}`;
  /** 15 bytes of its name: the kernel keeps no more. */
  readonly name: string;
  /** A digest of its instructions, 16 hexadecimal digits. */
  readonly tag: string;
  /** Whether its licence lets it call every helper. */
  readonly gplCompatible: boolean;
  /** When it was loaded: nanoseconds since boot (CLOCK_BOOTTIME). */
  readonly loadTime: bigint;
  /** The user that loaded it. */
  readonly uid: number;
  /** The ids of the maps that it uses. */
  readonly mapIds: readonly number[];
  /** Size of the verified instructions in bytes. */
  readonly xlatedSize: number;
  /** Size of the machine code in bytes; 0 where it is interpreted. */
  readonly jitedSize: number;
  /** Memory that it takes in the kernel, in bytes. */
  readonly memlock: number;
  /** The id of its BTF, 0 if it has none. */
  readonly btfId: number;
  /** Nanoseconds that it ran, while the kernel counts that (kernel.bpf_stats_enabled). */
  readonly runTimeNs: bigint;
  /** How often it ran, while the kernel counts that. */
  readonly runCount: bigint;
  /** How often it was left out because it was running already; Linux 5.12. */
  readonly recursionMisses: bigint;
  /** Instructions that the verifier looked at; Linux 5.16. */
  readonly verifiedInsns: number;
  /** The BTF object and the type in it that it is attached to (fentry and its like); Linux 6.0. */
  readonly attachBtfObjId: number;
  /** The type of its hook in that BTF. */
  readonly attachBtfId: number;
  /** The device that it was loaded for, 0 if for none. */
  readonly ifindex: number;
}

/** `struct bpf_prog_info` of include/uapi/linux/bpf.h, Linux 6.18: size and offsets in bytes. */
const INFO = {
  size: 232,
  type: 0,
  id: 4,
  tag: 8,
  jited_prog_len: 16,
  xlated_prog_len: 20,
  jited_prog_insns: 24,
  xlated_prog_insns: 32,
  load_time: 40,
  created_by_uid: 48,
  nr_map_ids: 52,
  map_ids: 56,
  name: 64,
  ifindex: 80,
  gpl_compatible: 84,
  btf_id: 128,
  run_time_ns: 192,
  run_cnt: 200,
  recursion_misses: 208,
  verified_insns: 216,
  attach_btf_obj_id: 220,
  attach_btf_id: 224,
};
const BPF_OBJ_NAME_LEN = 16;
const BPF_TAG_SIZE = 8;

/**
 * A program in the kernel, this process's or another's, until this is closed.
 *
 * @example
 * ```ts
 * import { BpfObject, openProgram, programInfo } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * object.load();
 * using program = openProgram(programInfo(object.programs[0]).id); // or where it is pinned
 * console.log(program.info().runCount);
 * ```
 */
export class KernelProgram extends KernelObject {
  /** @internal {@link openProgram} makes these. */
  constructor(fd: number) {
    super("program", fd);
  }

  /**
   * What the kernel reports about it.
   * @throws {BpfError}
   */
  info(): ProgramInfo {
    return programInfo(this);
  }
}

/**
 * Opens a program of the kernel.
 * @param of where it is pinned, or its id
 * @throws {BpfError} ENOENT if there is none; PermissionError without CAP_SYS_ADMIN for an id
 *
 * @example
 * ```ts
 * import { BpfObject, openProgram, programInfo } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * object.load();
 * const { id } = programInfo(object.programs[0]);
 * using program = openProgram(id);
 * assertEquals(program.info().id, id);
 * ```
 */
export function openProgram(of: string | number): KernelProgram {
  return new KernelProgram(descriptorOf("program", of, programIds().bpf_prog_get_fd_by_id));
}

/**
 * What the kernel reports about all its programs, in the order of their ids.
 *
 * @example
 * ```ts
 * import { listPrograms } from "@denobpf/denobpf";
 *
 * for (const { id, type, name } of listPrograms()) console.log(id, type, name);
 * ```
 *
 * @throws {BpfError} PermissionError without CAP_SYS_ADMIN
 */
export function listPrograms(): ProgramInfo[] {
  return readAll(walkIds("program", programIds().bpf_prog_get_next_id), (id) => {
    using program = openProgram(id);
    return program.info();
  });
}

/**
 * What the kernel reports about a loaded program.
 * @throws {BpfError}
 *
 * @example
 * ```ts
 * import { BpfObject, programInfo } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * object.load();
 * const { verifiedInsns, xlatedSize } = programInfo(object.programs[0]);
 * console.log(verifiedInsns, xlatedSize / 8);
 * ```
 */
export function programInfo(program: Descriptor): ProgramInfo {
  const view = fillInfo("program", program, new Uint8Array(INFO.size));
  const bytes = new Uint8Array(view.buffer);
  const u32 = (offset: number) => view.getUint32(offset, true);
  const u64 = (offset: number) => view.getBigUint64(offset, true);
  const fdinfo = tryReadTextFile(`/proc/self/fdinfo/${program.fd}`) ?? "";
  return {
    id: u32(INFO.id),
    type: programTypeName(u32(INFO.type)),
    name: textIn(bytes.subarray(INFO.name, INFO.name + BPF_OBJ_NAME_LEN)),
    tag: hexText(bytes.subarray(INFO.tag, INFO.tag + BPF_TAG_SIZE)),
    gplCompatible: (u32(INFO.gpl_compatible) & 1) !== 0,
    loadTime: u64(INFO.load_time),
    uid: u32(INFO.created_by_uid),
    mapIds: mapIds(program, u32(INFO.nr_map_ids)),
    xlatedSize: u32(INFO.xlated_prog_len),
    jitedSize: u32(INFO.jited_prog_len),
    memlock: Number(/^memlock:\s*(\d+)/m.exec(fdinfo)?.[1] ?? 0),
    btfId: u32(INFO.btf_id),
    runTimeNs: u64(INFO.run_time_ns),
    runCount: u64(INFO.run_cnt),
    recursionMisses: u64(INFO.recursion_misses),
    verifiedInsns: u32(INFO.verified_insns),
    attachBtfObjId: u32(INFO.attach_btf_obj_id),
    attachBtfId: u32(INFO.attach_btf_id),
    ifindex: u32(INFO.ifindex),
  };
}

/** Where each form of a program's code is reported: its length in bytes and the address to write it to. */
const CODE = {
  xlated: [INFO.xlated_prog_len, INFO.xlated_prog_insns],
  jited: [INFO.jited_prog_len, INFO.jited_prog_insns],
} as const;

/**
 * The code of a loaded program: `xlated` are the BPF instructions after the verifier's changes, 8 bytes
 * each (`struct bpf_insn`), `jited` the machine code, none where the kernel interprets.
 * @throws {UnsupportedError} if the kernel does not show it (kernel.kptr_restrict, bpf_jit_harden)
 *
 * @example
 * ```ts
 * import { BpfObject, programCode, programInfo } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * object.load();
 * const [program] = object.programs;
 * assertEquals(programCode(program, "xlated").length, programInfo(program).xlatedSize);
 * ```
 */
export function programCode(
  program: Descriptor,
  form: "xlated" | "jited",
): Uint8Array<ArrayBuffer> {
  const [length, address] = CODE[form];
  const size = fillInfo("program", program, new Uint8Array(INFO.size)).getUint32(length, true);
  const code = new Uint8Array(size);
  const view = fillInfo("program", program, asking(length, size, address, code));
  if (size > 0 && view.getBigUint64(address, true) === 0n) {
    const hint = "kernel.kptr_restrict or net.core.bpf_jit_harden keeps it secret";
    throw new UnsupportedError(`read the ${form} code`, 1, "permission for it", undefined, hint);
  }
  return code;
}

/** The name of a program's type: `kprobe`. */
function programTypeName(type: number): ProgramType | `type ${number}` {
  const name = textAt(typeNames().libbpf_bpf_prog_type_str(type));
  return name === undefined ? `type ${type}` : name as ProgramType;
}

function mapIds(program: Descriptor, count: number): number[] {
  const ids = new Uint32Array(count);
  if (count === 0) return [];
  const bytes = new Uint8Array(ids.buffer);
  fillInfo("program", program, asking(INFO.nr_map_ids, count, INFO.map_ids, bytes));
  return [...ids];
}

/** The struct that asks for one of the arrays. */
function asking(
  countAt: number,
  count: number,
  addressAt: number,
  buffer: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const info = new Uint8Array(INFO.size);
  const view = new DataView(info.buffer);
  view.setUint32(countAt, count, true);
  view.setBigUint64(addressAt, addressOf(buffer), true);
  return info;
}
