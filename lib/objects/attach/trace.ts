import { freplaces, lsms, traces } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { cString } from "../../sys/libc.ts";
import type { Descriptor } from "../kernel_object.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";

/** How a program is attached to the function that it was loaded for. */
export interface TraceOptions {
  /** What bpf_get_attach_cookie() gives the program; Linux 6.0. */
  cookie?: bigint;
}

/** `struct bpf_trace_opts` of libbpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 16, cookie: 8 };

/**
 * Attaches a program of `fentry`, `fexit`, `fmod_ret` or `tp_btf` to what its section or
 * `setAttachTarget` named before load.
 *
 * @example
 * ```ts
 * import { attachTrace, BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/execsnoop.bpf.o");
 * object.load();
 * attachTrace(object.program("btf_exit")); // tp_btf/sys_exit
 * ```
 *
 * @throws {BpfError}
 */
export function attachTrace(program: Attachable, { cookie = 0n }: TraceOptions = {}): Link {
  const struct = new OptionStruct(OPTIONS).u64(OPTIONS.cookie, cookie);
  const { bpf_program__attach_trace_opts } = traces();
  return program.attachTo(
    program.section,
    (pointer) => bpf_program__attach_trace_opts(pointer, struct.bytes),
    { takes: ["tracing"] },
  );
}

/**
 * Attaches a program to the hook of the security modules (LSM) that its section or `setAttachTarget`
 * named before load. Without `bpf` in the `lsm=` argument of the kernel it never runs.
 *
 * @example
 * ```ts
 * import { attachLsm, BpfObject, hasAttachKind } from "@denobpf/denobpf";
 *
 * if (hasAttachKind("lsm")) {
 *   using object = BpfObject.open("build/tests/attach_kernel.bpf.o");
 *   const program = object.program("on_lsm"); // lsm/task_getpgid
 *   for (const other of object.programs) other.autoload = other === program;
 *   object.load();
 *   attachLsm(program);
 * }
 * ```
 *
 * @throws {BpfError}
 */
export function attachLsm(program: Attachable): Link {
  const { bpf_program__attach_lsm } = lsms();
  return program.attachTo(program.section, (pointer) => bpf_program__attach_lsm(pointer), {
    takes: ["lsm"],
  });
}

/**
 * Puts an extension (a section `freplace`) in the place of a function of another program. Destroying the
 * link puts the function back.
 *
 * @example
 * ```ts
 * import { attachFreplace, BpfObject, programKinds, testRun } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * if (programKinds().some(({ name, supported }) => name === "ext" && supported)) {
 *   using object = BpfObject.open("build/tests/prog_target.bpf.o");
 *   object.load();
 *   const target = object.program("target");
 *   using extension = BpfObject.open("build/tests/attach_freplace.bpf.o");
 *   const program = extension.program("new_verdict");
 *   program.setAttachTarget("verdict", target);
 *   extension.load();
 *   attachFreplace(program, target, "verdict");
 *   assertEquals(testRun(target, { data: new Uint8Array(64) }).retval, 1); // XDP_DROP
 * }
 * ```
 *
 * @param target the program, loaded before this one was
 * @param name the global function in it
 * @throws {BpfError} EINVAL if the functions do not match
 */
export function attachFreplace(program: Attachable, target: Descriptor, name: string): Link {
  const { bpf_program__attach_freplace } = freplaces();
  return program.attachTo(
    `freplace/${name}`,
    (pointer) => bpf_program__attach_freplace(pointer, target.fd, cString(name)),
    { takes: ["ext"] },
  );
}
