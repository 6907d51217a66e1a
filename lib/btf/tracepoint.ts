import { Btf } from "./layout.ts";
import type { BtfPrototype } from "./types.ts";

/**
 * What a tracepoint of the kernel passes to programs. Kernels differ: `sched_switch` has a fourth argument
 * since Linux 5.18, and a program that reads what is not passed is refused.
 *
 * The kernel declares `typedef void (*btf_trace_NAME)(void *, ...)` for each tracepoint
 * (include/trace/bpf_probe.h); the first parameter is not passed on.
 * @param name without its group: `sched_switch`
 * @returns undefined if the kernel has no such tracepoint, or it is in a module
 * @throws {BtfError} if the kernel has no types
 */
export function tracepointArguments(name: string): BtfPrototype["parameters"] | undefined {
  const btf = Btf.kernel();
  const id = btf.find("typedef", `btf_trace_${name}`);
  const pointer = id === undefined ? undefined : btf.resolved(id);
  const prototype = pointer?.kind === "pointer" ? btf.resolved(pointer.type) : undefined;
  return prototype?.kind === "prototype" ? prototype.parameters.slice(1) : undefined;
}
