import { iterators } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { decodeText } from "../../sys/text.ts";
import { OpenFile } from "../../sys/file.ts";
import { u32 } from "../../sys/integers.ts";
import { explain } from "../diagnosis.ts";
import type { Descriptor } from "../kernel_object.ts";
import { Link } from "../link.ts";
import type { Attachable } from "../program.ts";

/** What an iterator walks, where its section does not say it all. */
export type IterOptions =
  | { /** The map whose elements are walked: `iter/bpf_map_elem`. */ map?: Descriptor }
  | { /** One process: `iter/task`, `iter/task_file`, `iter/task_vma`; Linux 6.1. */ pid: number }
  | { /** One thread; Linux 6.1. */ tid: number }
  | {
    /** The directory of a cgroup of version 2, from which `iter/cgroup` starts; Linux 6.1. */
    cgroup: string;
    /** Which way it goes from there; `descendants_pre` if absent. */
    order?: CgroupOrder;
  };

/** The cgroups that an iterator walks, and in which order: a parent comes before its children, or after them. */
export type CgroupOrder = "self_only" | "descendants_pre" | "descendants_post" | "ancestors_up";

/** `enum bpf_cgroup_iter_order` of include/uapi/linux/bpf.h, from 1 on. */
const CGROUP_ORDERS: readonly CgroupOrder[] = [
  "self_only",
  "descendants_pre",
  "descendants_post",
  "ancestors_up",
];

/** `struct bpf_iter_attach_opts` of libbpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 24, link_info: 8, link_info_len: 16 };

/** `union bpf_iter_link_info` of include/uapi/linux/bpf.h: size and offsets in bytes. */
const LINK_INFO = {
  size: 16,
  map_fd: 0,
  task_tid: 0,
  task_pid: 4,
  cgroup_order: 0,
  cgroup_fd: 4,
};

/** Bytes asked for in one read. */
const CHUNK = 64 * 1024;

/** An iterator: the program runs whenever this is read, and what it prints is what is read. */
export class IterLink extends Link {
  /**
   * Runs the program over everything, once, and gives what it wrote with bpf_seq_write() or
   * bpf_seq_printf().
   * @throws {BpfError | SystemError}
   */
  read(): Uint8Array<ArrayBuffer> {
    const fd = iterators().bpf_iter_create(this.fd);
    if (fd < 0) throw explain(`start the iterator ${this.program}`, -fd);
    using file = OpenFile.from(fd, `the iterator ${this.program}`);
    return file.readAll({ chunk: CHUNK });
  }

  /** {@link read} as text. */
  readText(): string {
    const bytes = this.read();
    return decodeText(bytes, 0, bytes.length);
  }
}

/**
 * Attaches an iterator, a section `iter/task` or the like. Nothing runs before it is read.
 *
 * @example
 * ```ts
 * import { attachIter, BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/examples/task_iter.bpf.o");
 * object.load();
 * using tasks = attachIter(object.program("get_tasks"));
 * console.log(tasks.read().length); // a struct for each thread
 * ```
 *
 * @throws {BpfError} EINVAL if `options` do not fit what is walked; {SystemError} if the cgroup cannot be opened
 */
export function attachIter(program: Attachable, options: IterOptions = {}): IterLink {
  using cgroup = "cgroup" in options ? OpenFile.open(options.cgroup) : undefined;
  const struct = new OptionStruct(OPTIONS);
  const info = linkInfo(options, cgroup?.fd);
  if (info !== undefined) {
    struct.pointer(OPTIONS.link_info, info).u32(OPTIONS.link_info_len, info.length);
  }
  const { bpf_program__attach_iter } = iterators();
  return program.attachTo(
    program.section,
    (pointer) => bpf_program__attach_iter(pointer, struct.bytes),
    { takes: ["tracing"], Kind: IterLink },
  );
}

function linkInfo(options: IterOptions, cgroup?: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(LINK_INFO.size);
  const set = (member: Exclude<keyof typeof LINK_INFO, "size">, value: number) => {
    new DataView(bytes.buffer).setUint32(LINK_INFO[member], u32(value, member), true);
    return bytes;
  };
  if ("pid" in options) return set("task_pid", options.pid);
  if ("tid" in options) return set("task_tid", options.tid);
  if ("cgroup" in options) {
    set("cgroup_order", 1 + CGROUP_ORDERS.indexOf(options.order ?? "descendants_pre"));
    return set("cgroup_fd", cgroup!);
  }
  return options.map && set("map_fd", options.map.fd);
}
