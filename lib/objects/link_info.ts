import { linkCalls, linkIds } from "../libbpf/info_symbols.ts";
import { explain } from "./diagnosis.ts";
import { type Descriptor, descriptorOf, KernelObject, readAll, walkIds } from "./kernel_object.ts";
import { LinkReader, type LinkTarget, targetOf } from "./link_target.ts";

/** What the kernel reports about a link, by kind. What an older kernel does not say is zero or empty. */
export type LinkInfo = LinkTarget & {
  readonly id: number;
  /** The id of its program; 0 for a link that has none (struct_ops). */
  readonly programId: number;
};

/**
 * A link in the kernel, this process's or another's, until this is closed.
 *
 * @example
 * ```ts
 * import { BpfObject, linkInfo, openLink } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using object = BpfObject.open("build/bootstrap.bpf.o");
 * object.load();
 * const { id } = linkInfo(object.program("btf_exec").attach());
 * using link = openLink(id); // or where it is pinned
 * assertEquals(link.info().id, id);
 * ```
 */
export class KernelLink extends KernelObject {
  /** @internal {@link openLink} makes these. */
  constructor(fd: number) {
    super("link", fd);
  }

  /**
   * What the kernel reports about it.
   * @throws {BpfError}
   */
  info(): LinkInfo {
    return linkInfo(this);
  }

  /**
   * Detaches the program now, even if others hold the link.
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
 * What the kernel reports about all its links, in the order of their ids.
 *
 * @example
 * ```ts
 * import { listLinks } from "@denobpf/denobpf";
 *
 * for (const link of listLinks()) if (link.type === "xdp") console.log(link.ifindex);
 * ```
 *
 * @throws {BpfError} PermissionError without CAP_SYS_ADMIN
 */
export function listLinks(): LinkInfo[] {
  return readAll(walkIds("link", linkIds().bpf_link_get_next_id), (id) => {
    using link = openLink(id);
    return link.info();
  });
}

/**
 * What the kernel reports about a link.
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
  const read = new LinkReader(link);
  return { id: read.u32(4), programId: read.u32(8), ...targetOf(read) };
}
