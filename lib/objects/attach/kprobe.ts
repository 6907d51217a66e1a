import { kprobes } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { EINVAL } from "../../sys/errno.ts";
import { u64 } from "../../sys/integers.ts";
import { cString } from "../../sys/libc.ts";
import { BpfError } from "../errors.ts";
import { beyondFunction } from "../hooks.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";

/** How a program is attached to a function of the kernel. */
export interface KprobeOptions {
  /** What bpf_get_attach_cookie() gives the program; Linux 5.15. */
  cookie?: bigint;
  /** Where in the function, in bytes from its start; 0 by default. */
  offset?: number;
  /** Run when the function returns; by default if the section says `kretprobe`. */
  retprobe?: boolean;
}

/** `struct bpf_kprobe_opts` of libbpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 32, bpf_cookie: 8, offset: 16, retprobe: 24 };

/**
 * Attaches a program to a function of the kernel.
 *
 * @example
 * ```ts
 * import { attachKprobe, BpfObject, hasAttachKind } from "@denobpf/denobpf";
 *
 * if (hasAttachKind("kprobe")) {
 *   using object = BpfObject.open("build/examples/kprobe.bpf.o");
 *   object.load();
 *   attachKprobe(object.program("do_unlinkat_exit"), "vfs_unlink"); // its section says kretprobe
 * }
 * ```
 *
 * @param name the function, or a place in it, as sections name it: `vfs_read+0x10`
 * @throws {BpfError} with the nearest name if there is no such function; why it cannot be probed, or not
 *   there
 */
export function attachKprobe(
  program: Attachable,
  name: string,
  options: KprobeOptions = {},
): Link {
  const { cookie = 0n, retprobe = program.section.startsWith("kretprobe") } = options;
  const [, symbol, within = "0"] = /^(.*)\+(0x[0-9a-f]+|[0-9]+)$/i.exec(name) ?? [, name];
  const offset = Number(u64((options.offset ?? 0) + Number(within), "offset"));
  const struct = new OptionStruct(OPTIONS)
    .u64(OPTIONS.bpf_cookie, cookie)
    .u64(OPTIONS.offset, offset)
    .bool(OPTIONS.retprobe, retprobe);
  const hook = `${retprobe ? "kretprobe" : "kprobe"}/${symbol}${offset > 0 ? `+${offset}` : ""}`;
  const beyond = offset > 0 ? beyondFunction(symbol!, offset) : undefined;
  if (beyond !== undefined) {
    throw new BpfError(`attach ${program.name} to ${hook}`, EINVAL, undefined, beyond);
  }
  const { bpf_program__attach_kprobe_opts } = kprobes();
  return program.attachTo(
    hook,
    (pointer) => bpf_program__attach_kprobe_opts(pointer, cString(symbol!), struct.bytes),
    { takes: ["kprobe"] },
  );
}
