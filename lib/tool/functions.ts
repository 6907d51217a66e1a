/**
 * What tools need that trace functions of the kernel, besides mod.ts. It stands apart because a tool starts no
 * sooner than its modules are loaded.
 *
 * @module
 */
import { hasAttachKind } from "../objects/features/attach_kinds.ts";
import { hasKernelFunction } from "../objects/features/kernel_function.ts";

export { tracepointArguments } from "../btf/tracepoint.ts";

/**
 * Whether programs of this kind can be attached to a function of the kernel. Hardened kernels have none of
 * these kinds, arm64 has fentry and fexit from Linux 6.4 on, and the compiler may have made the function part
 * of its callers.
 */
export function canTrace(kind: "kprobe" | "fentry" | "fexit", name: string): boolean {
  return hasAttachKind(kind) && hasKernelFunction(name);
}
