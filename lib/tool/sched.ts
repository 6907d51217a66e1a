/** What tools of the scheduler share: the user half of bpf/include/sched.h. */
import { tracepointArguments } from "../btf/tracepoint.ts";

/**
 * What `rodata` of a kernel half with sched.h is set to: whether sched_switch passes the state of the task
 * that leaves the CPU, as its fourth argument.
 *
 * @example
 * ```ts
 * import { Runqlat } from "#skel/runqlat.ts";
 * import { switchArguments } from "@denobpf/denobpf/tool";
 *
 * using opened = Runqlat.open();
 * Object.assign(opened.rodata, switchArguments());
 * ```
 */
export function switchArguments(): { has_prev_state: boolean } {
  return { has_prev_state: (tracepointArguments("sched_switch")?.length ?? 0) > 3 };
}
