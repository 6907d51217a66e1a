import { linkCalls, linkIds, linkNames } from "../libbpf/info_symbols.ts";
import { typeNames } from "../libbpf/symbols.ts";
import { ENOENT } from "../sys/errno.ts";
import { explain } from "./diagnosis.ts";
import { BpfError } from "./errors.ts";
import {
  addressOf,
  type Descriptor,
  descriptorOf,
  fillInfo,
  KernelObject,
  textIn,
  walkIds,
} from "./kernel_object.ts";
import type { AttachType } from "./program_types.ts";

/** What the kernel tells of a link, by kind. What an older kernel does not tell is zero or empty. */
export type LinkInfo = LinkTarget & {
  readonly id: number;
  /** The id of its program; 0 for a link that has none (struct_ops). */
  readonly programId: number;
};

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

/** What a link to a perf event stands for; kernels before 6.6 do not tell. */
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

/**
 * A link in the kernel, whoever made it, until this is closed.
 *
 * @example
 * ```ts ignore
 * using link = openLink("/sys/fs/bpf/firewall_link");
 * link.update(program);
 * ```
 */
export class KernelLink extends KernelObject {
  /** @internal {@link openLink} makes these. */
  constructor(fd: number) {
    super("link", fd);
  }

  /**
   * What the kernel tells of it.
   * @throws {BpfError}
   */
  info(): LinkInfo {
    return linkInfo(this);
  }

  /**
   * Detaches the program now, whoever else holds the link.
   * @throws {BpfError} EOPNOTSUPP for kinds that cannot: those of tracing
   */
  detach(): void {
    this.#check(linkCalls().bpf_link_detach(this.fd), "detach a link");
  }

  /**
   * Puts another program in the place of the link's own, with no gap between.
   * @throws {BpfError} EINVAL for kinds that cannot: those of tracing
   */
  update(program: Descriptor): void {
    const result = linkCalls().bpf_link_update(this.fd, program.fd, null);
    this.#check(result, "update a link");
  }

  #check(result: number, operation: string): void {
    if (result < 0) throw explain(operation, -result);
  }
}

/**
 * Opens a link of the kernel.
 * @param of where it is pinned, or its id
 * @throws {BpfError} ENOENT if there is none; PermissionError without CAP_SYS_ADMIN for an id
 *
 * @example
 * ```ts
 * import { listLinks, openLink } from "@denobpf/denobpf";
 *
 * for (const { id, type } of listLinks()) {
 *   if (type !== "xdp") continue;
 *   using link = openLink(id);
 *   link.detach();
 * }
 * ```
 */
export function openLink(of: string | number): KernelLink {
  return new KernelLink(descriptorOf("link", of, linkIds().bpf_link_get_fd_by_id));
}

/**
 * What the kernel tells of all its links, in the order of their ids.
 *
 * @example
 * ```ts ignore
 * for (const link of listLinks()) if (link.type === "xdp") console.log(link.ifindex);
 * ```
 *
 * @throws {BpfError} PermissionError without CAP_SYS_ADMIN
 */
export function listLinks(): LinkInfo[] {
  return [...walkIds("link", linkIds().bpf_link_get_next_id)].flatMap((id) => {
    try {
      using link = openLink(id);
      return [link.info()];
    } catch (error) {
      if (error instanceof BpfError && error.errno === ENOENT) return []; // gone meanwhile
      throw error;
    }
  });
}

/**
 * What the kernel tells of a link.
 * @throws {BpfError}
 *
 * @example
 * ```ts
 * import { linkInfo, listLinks, openLink } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * for (const { id } of listLinks().slice(0, 1)) {
 *   using link = openLink(id);
 *   assertEquals(linkInfo(link).id, id);
 * }
 * ```
 */
export function linkInfo(link: Descriptor): LinkInfo {
  const view = fillInfo("link", link, new Uint8Array(SIZE));
  const read = new LinkReader(link, view);
  return { id: read.u32(4), programId: read.u32(8), ...target(read.u32(0), read) };
}

/** Reads members of the struct, and asks again for the names that it points to. */
class LinkReader {
  constructor(readonly link: Descriptor, readonly view: DataView) {}

  u32(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  u64(offset: number): bigint {
    return this.view.getBigUint64(offset, true);
  }

  attachType(offset: number): AttachType {
    const name = typeNames().libbpf_bpf_attach_type_str(this.u32(offset));
    const text = name && Deno.UnsafePointerView.getCString(name);
    return (text ?? `type ${this.u32(offset)}`) as AttachType;
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

function target(type: number, read: LinkReader): LinkTarget {
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
  const name = linkNames().libbpf_bpf_link_type_str(type);
  return name === null ? LATER_LINK_TYPES[type] : Deno.UnsafePointerView.getCString(name);
}
