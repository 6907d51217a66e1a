import { ksyscalls } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { cString } from "../../sys/libc.ts";
import { nearest } from "../../sys/nearest.ts";
import { NATIVE_ABI, syscalls } from "../../sys/syscalls.ts";
import { BpfError } from "../errors.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";

/** How a program is attached to a system call. */
export interface KsyscallOptions {
  /** What bpf_get_attach_cookie() gives the program; Linux 5.15. */
  cookie?: bigint;
  /** Run when the call returns; by default if the section says `kretsyscall`. */
  retprobe?: boolean;
}

/** `struct bpf_ksyscall_opts` of libbpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 24, bpf_cookie: 8, retprobe: 16 };

/**
 * Attaches a program to the kernel's function of a system call, whatever the architecture calls it:
 * a kprobe on `__x64_sys_kill` and its like.
 *
 * @example
 * ```ts
 * import { attachKsyscall, BpfObject, hasAttachKind } from "@denobpf/denobpf";
 *
 * if (hasAttachKind("kprobe")) {
 *   using object = BpfObject.open("build/examples/ksyscall.bpf.o");
 *   object.load();
 *   attachKsyscall(object.program("kill_entry"), "kill");
 * }
 * ```
 *
 * @param name of the system call: `kill`
 * @throws {BpfError} with the nearest name if there is no such system call
 */
export function attachKsyscall(
  program: Attachable,
  name: string,
  options: KsyscallOptions = {},
): Link {
  const { cookie = 0n, retprobe = program.section.startsWith("kretsyscall") } = options;
  const struct = new OptionStruct(OPTIONS)
    .u64(OPTIONS.bpf_cookie, cookie)
    .bool(OPTIONS.retprobe, retprobe);
  const { bpf_program__attach_ksyscall } = ksyscalls();
  return program.attachTo(
    `${retprobe ? "kretsyscall" : "ksyscall"}/${name}`,
    (pointer) => bpf_program__attach_ksyscall(pointer, cString(name), struct.bytes),
    { takes: ["kprobe"], fault: (operation, errno) => missing(name, operation, errno) },
  );
}

function missing(name: string, operation: string, errno: number): BpfError | undefined {
  const names = [...syscalls(NATIVE_ABI).values()];
  if (names.includes(name)) return undefined;
  const near = nearest(name, names);
  const hint = near === undefined ? undefined : `did you mean ${near}?`;
  return new BpfError(operation, errno, hint, `there is no system call ${name}`);
}
