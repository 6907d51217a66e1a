/** What a link is attached to, as the kernel reports it: a union with a member for each kind. */
import { linkNames } from "../libbpf/info_symbols.ts";
import { typeNames } from "../libbpf/symbols.ts";
import { textAt } from "../sys/libc.ts";
import { addressOf, type Descriptor, fillInfo, textIn } from "./kernel_object.ts";
import type { AttachType } from "./program_types.ts";

/** What a link is attached to. */
export type LinkTarget =
  | { readonly type: "raw_tracepoint"; readonly name: string; readonly cookie: bigint }
  | {
    readonly type: "tracing";
    readonly attachType: AttachType;
    /** The BTF object, or the program for an extension, that the function is in. */
    readonly targetObjectId: number;
    readonly targetBtfId: number;
    readonly cookie: bigint;
  }
  | { readonly type: "cgroup"; readonly cgroupId: bigint; readonly attachType: AttachType }
  | {
    readonly type: "iter";
    /** What is walked: `task`, `bpf_map_elem`. */
    readonly target: string;
    /** The map whose elements are walked; 0 where the target is none. */
    readonly mapId: number;
  }
  | { readonly type: "netns"; readonly netnsIno: number; readonly attachType: AttachType }
  | { readonly type: "xdp"; readonly ifindex: number }
  | { readonly type: "struct_ops"; readonly mapId: number }
  | {
    readonly type: "netfilter";
    /** NFPROTO_IPV4 is 2, NFPROTO_IPV6 is 10. */
    readonly pf: number;
    readonly hooknum: number;
    readonly priority: number;
    readonly flags: number;
  }
  | { readonly type: "tcx" | "netkit"; readonly ifindex: number; readonly attachType: AttachType }
  | { readonly type: "sockmap"; readonly mapId: number; readonly attachType: AttachType }
  | {
    readonly type: "kprobe_multi";
    readonly count: number;
    readonly flags: number;
    readonly missed: bigint;
  }
  | {
    readonly type: "uprobe_multi";
    readonly path: string;
    readonly count: number;
    readonly flags: number;
    /** 0 for every process. */
    readonly pid: number;
  }
  | ({ readonly type: "perf_event" } & PerfEventTarget)
  | { readonly type: `type ${number}` };

/** What a link to a perf event stands for; kernels before 6.6 do not say. */
export type PerfEventTarget =
  | {
    readonly event: "uprobe" | "uretprobe";
    readonly file: string;
    readonly offset: number;
    readonly cookie: bigint;
  }
  | {
    readonly event: "kprobe" | "kretprobe";
    readonly function: string;
    readonly offset: number;
    readonly address: bigint;
    readonly missed: bigint;
    readonly cookie: bigint;
  }
  | { readonly event: "tracepoint"; readonly name: string; readonly cookie: bigint }
  | {
    readonly event: "event";
    /** `type` and `config` of struct perf_event_attr. */
    readonly eventType: number;
    readonly config: bigint;
    readonly cookie: bigint;
  }
  | { readonly event: "unspec" };

/**
 * `struct bpf_link_info` of include/uapi/linux/bpf.h, Linux 6.18: type at 0, id at 4, prog_id at 8, and
 * from 16 on a union with a member for each kind; offsets below are from the start of the struct.
 */
const SIZE = 64;

/** Room for a path (PATH_MAX), the longest of the names. */
const NAME_SIZE = 4096;

/** Reads members of the struct, and asks again for the names that it points to. */
export class LinkReader {
  readonly view: DataView;

  constructor(readonly link: Descriptor) {
    this.view = fillInfo("link", link, new Uint8Array(SIZE));
  }

  u32(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  u64(offset: number): bigint {
    return this.view.getBigUint64(offset, true);
  }

  attachType(offset: number): AttachType {
    const name = textAt(typeNames().libbpf_bpf_attach_type_str(this.u32(offset)));
    return (name ?? `type ${this.u32(offset)}`) as AttachType;
  }

  /** A text whose address the struct takes at one offset and its room at another. */
  name(address: number, room: number): string {
    const name = new Uint8Array(NAME_SIZE);
    const info = new Uint8Array(SIZE);
    const view = new DataView(info.buffer);
    view.setBigUint64(address, addressOf(name), true);
    view.setUint32(room, name.length, true);
    fillInfo("link", this.link, info);
    return textIn(name);
  }
}

/** What the link is attached to. */
export function targetOf(read: LinkReader): LinkTarget {
  const type = read.u32(0);
  const name = linkTypeName(type);
  switch (name) {
    case "raw_tracepoint":
      return { type: name, name: read.name(16, 24), cookie: read.u64(32) };
    case "tracing":
      return {
        type: name,
        attachType: read.attachType(16),
        targetObjectId: read.u32(20),
        targetBtfId: read.u32(24),
        cookie: read.u64(32),
      };
    case "cgroup":
      return { type: name, cgroupId: read.u64(16), attachType: read.attachType(24) };
    case "iter":
      return iterator(read.name(16, 24), read);
    case "netns":
      return { type: name, netnsIno: read.u32(16), attachType: read.attachType(20) };
    case "xdp":
      return { type: name, ifindex: read.u32(16) };
    case "struct_ops":
      return { type: name, mapId: read.u32(16) };
    case "netfilter":
      return {
        type: name,
        pf: read.u32(16),
        hooknum: read.u32(20),
        priority: read.view.getInt32(24, true),
        flags: read.u32(28),
      };
    case "tcx":
    case "netkit":
      return { type: name, ifindex: read.u32(16), attachType: read.attachType(20) };
    case "sockmap":
      return { type: name, mapId: read.u32(16), attachType: read.attachType(20) };
    case "kprobe_multi":
      return { type: name, count: read.u32(24), flags: read.u32(28), missed: read.u64(32) };
    case "uprobe_multi":
      return {
        type: name,
        path: read.name(16, 48),
        count: read.u32(52),
        flags: read.u32(56),
        pid: read.u32(60),
      };
    case "perf_event":
      return { type: name, ...perfEvent(read) };
    default:
      return { type: `type ${type}` };
  }
}

/** A map's id stands in the same place as other things of other targets. */
function iterator(target: string, read: LinkReader): LinkTarget {
  return { type: "iter", target, mapId: target.startsWith("bpf_map_elem") ? read.u32(28) : 0 };
}

/** `enum bpf_perf_event_type`. */
const PERF_EVENT_TYPES = [
  "unspec",
  "uprobe",
  "uretprobe",
  "kprobe",
  "kretprobe",
  "tracepoint",
  "event",
] as const;

function perfEvent(read: LinkReader): PerfEventTarget {
  const event = PERF_EVENT_TYPES[read.u32(16)] ?? "unspec";
  switch (event) {
    case "unspec":
      return { event };
    case "uprobe":
    case "uretprobe":
      return { event, file: read.name(24, 32), offset: read.u32(36), cookie: read.u64(40) };
    case "kprobe":
    case "kretprobe":
      return {
        event,
        function: read.name(24, 32),
        offset: read.u32(36),
        address: read.u64(40),
        missed: read.u64(48),
        cookie: read.u64(56),
      };
    case "tracepoint":
      return { event, name: read.name(24, 32), cookie: read.u64(40) };
    case "event":
      return { event, config: read.u64(24), eventType: read.u32(32), cookie: read.u64(40) };
  }
}

/** `enum bpf_link_type`, from where libbpf 1.1 ends. */
const LATER_LINK_TYPES: Record<number, string> = {
  10: "netfilter",
  11: "tcx",
  12: "uprobe_multi",
  13: "netkit",
  14: "sockmap",
};

function linkTypeName(type: number): string | undefined {
  return textAt(linkNames().libbpf_bpf_link_type_str(type)) ?? LATER_LINK_TYPES[type];
}
