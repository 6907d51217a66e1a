import { linkCreation } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { explain, wrongType } from "../diagnosis.ts";
import type { Attachment } from "../link.ts";
import { KernelLink } from "../link_info.ts";
import type { Attachable } from "../program.ts";
import type { ProgramType } from "../program_types.ts";

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

  /** {@link destroy}, which takes no time for these. */
  destroyLater(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  /** {@link destroyLater}. */
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
 * @param takes the types of programs that can be attached so
 * @throws {BpfError}
 */
export function createLink(
  program: Attachable,
  hook: string,
  target: number,
  type: number,
  takes: readonly ProgramType[],
  flags = 0,
): LinkByFd {
  const struct = new OptionStruct(OPTIONS).u32(OPTIONS.flags, flags);
  const fd = linkCreation().bpf_link_create(program.fd, target, type, struct.bytes);
  if (fd < 0) {
    const operation = `attach ${program.name} to ${hook}`;
    throw wrongType(operation, -fd, program, takes) ?? explain(operation, -fd);
  }
  return program.own(new LinkByFd(fd, program.name));
}
