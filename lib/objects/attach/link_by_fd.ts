import { linkCreation } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { explain } from "../diagnosis.ts";
import type { Attachment } from "../link.ts";
import { KernelLink } from "../link_info.ts";
import type { Attachable } from "../program.ts";

/** A link that the kernel was asked for without libbpf's own `struct bpf_link`. */
export class LinkByFd extends KernelLink implements Attachment {
  /** @internal The functions of attach/ make these. */
  constructor(fd: number, readonly program: string) {
    super(fd);
  }

  /** Detaches the program, unless the link is pinned; a second call does nothing. */
  destroy(): void {
    this[Symbol.dispose]();
  }

  destroyLater(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  /** The same, off this thread. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.destroyLater();
  }
}

/** `struct bpf_link_create_opts` of bpf.h, up to its union: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 32, flags: 8 };

/**
 * Asks the kernel for a link.
 * @param hook what it is attached to, for errors
 * @param target the descriptor or the number of that
 * @param type `enum bpf_attach_type`
 * @throws {BpfError}
 */
export function createLink(
  program: Attachable,
  hook: string,
  target: number,
  type: number,
  flags = 0,
): LinkByFd {
  const struct = new OptionStruct(OPTIONS.size).u32(OPTIONS.flags, flags);
  const fd = linkCreation().bpf_link_create(program.fd, target, type, struct.bytes);
  if (fd < 0) throw explain(`attach ${program.name} to ${hook}`, -fd);
  return program.own(new LinkByFd(fd, program.name));
}
