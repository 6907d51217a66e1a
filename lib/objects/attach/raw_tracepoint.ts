import { rawTracepoints } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { cString } from "../../sys/libc.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { laterLibbpf } from "./later_libbpf.ts";

/** How a program is attached to a raw tracepoint. */
export interface RawTracepointOptions {
  /** What bpf_get_attach_cookie() gives the program; Linux 6.10 and libbpf 1.4. */
  cookie?: bigint;
}

/** `struct bpf_raw_tracepoint_opts` of libbpf.h: size and offsets in bytes, 1.4 to 1.7. */
const OPTIONS = { size: 16, cookie: 8 };

/**
 * Attaches a program to a tracepoint whose arguments it takes as they are: a section `raw_tp`.
 *
 * @example
 * ```ts
 * import { attachRawTracepoint, BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * const program = object.program("handle_tp");
 * program.type = "raw_tracepoint";
 * object.load();
 * attachRawTracepoint(program, "sched_process_exec");
 * ```
 *
 * @param name of the tracepoint, without its category
 * @throws {BpfError} with the nearest name if there is no such tracepoint; UnsupportedError for a cookie
 *   with an earlier libbpf
 */
export function attachRawTracepoint(
  program: Attachable,
  name: string,
  { cookie }: RawTracepointOptions = {},
): Link {
  const hook = `raw_tracepoint/${name}`;
  const symbols = rawTracepoints();
  const way = { takes: ["raw_tracepoint", "raw_tracepoint_writable"] } as const;
  if (cookie === undefined) {
    return program.attachTo(
      hook,
      (pointer) => symbols.bpf_program__attach_raw_tracepoint(pointer, cString(name)),
      way,
    );
  }
  const operation = `attach ${program.name} to ${hook} with a cookie`;
  const attach = laterLibbpf(symbols.bpf_program__attach_raw_tracepoint_opts, operation, "1.4");
  const struct = new OptionStruct(OPTIONS).u64(OPTIONS.cookie, cookie);
  return program.attachTo(hook, (pointer) => attach(pointer, cString(name), struct.bytes), way);
}
