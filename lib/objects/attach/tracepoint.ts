import { tracepoints } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { cString } from "../../sys/libc.ts";
import { mountTracefs } from "../../sys/mounts.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";

/** How a program is attached to a tracepoint. */
export interface TracepointOptions {
  /** What bpf_get_attach_cookie() gives the program; Linux 5.15. */
  cookie?: bigint;
}

/** `struct bpf_tracepoint_opts` of libbpf.h: size and offsets in bytes, 1.0 to 1.7. */
const OPTIONS = { size: 16, bpf_cookie: 8 };

/**
 * Attaches a program to a tracepoint. Where tracefs is missing, it is mounted: libbpf reads the
 * tracepoint's number there.
 *
 * @example
 * ```ts
 * import { attachTracepoint, BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * object.load();
 * attachTracepoint(object.program("handle_tp"), "sched", "sched_process_exec");
 * ```
 *
 * @throws {BpfError} with the nearest name if there is no such tracepoint
 */
export function attachTracepoint(
  program: Attachable,
  category: string,
  name: string,
  { cookie = 0n }: TracepointOptions = {},
): Link {
  mountTracefs();
  const struct = new OptionStruct(OPTIONS).u64(OPTIONS.bpf_cookie, cookie);
  const { bpf_program__attach_tracepoint_opts } = tracepoints();
  return program.attachTo(
    `tracepoint/${category}/${name}`,
    (pointer) =>
      bpf_program__attach_tracepoint_opts(
        pointer,
        cString(category),
        cString(name),
        struct.bytes,
      ),
    { takes: ["tracepoint"] },
  );
}
