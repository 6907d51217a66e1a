/** Where programs find the registers that a task has left user mode with: bpf/include/syscall.h. */
import { hasHelper } from "../objects/features/helpers.ts";

/**
 * Whether `user_registers()` finds them, for hooks that are not handed them. On x86 they lie at a known place of
 * the task's stack; arm64 has them from Linux 5.15 on.
 *
 * @example
 * ```ts
 * import { findsUserRegisters } from "@denobpf/denobpf/tool";
 *
 * console.log(findsUserRegisters() ? "at the tracepoint of a call" : "at that of all calls");
 * ```
 */
export function findsUserRegisters(): boolean {
  return Deno.build.arch === "x86_64" || hasHelper("tracepoint", "bpf_task_pt_regs");
}
