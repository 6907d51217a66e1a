import type { Hook } from "./hook.ts";

/** The function of a frame, without the place in it. */
export const functionOf = (frame: string) => frame.replace(/\+0x[0-9a-f]+$/, "");

/**
 * The functions of the kernel that led to a hook, of a stack that was taken there: what lies further in is the
 * way to the program. A function is itself the innermost of them.
 *
 * @example
 * ```ts
 * import { behindHook } from "@denobpf/denobpf/tool/probes";
 * import { assertEquals } from "@std/assert";
 *
 * const hook = { names: ["sched:sched_wakeup"], owner: undefined, places: [] };
 * const frames = ["__traceiter_sched_wakeup", "ttwu_do_activate"];
 * assertEquals(behindHook(hook, frames), ["ttwu_do_activate"]);
 * ```
 */
export function behindHook({ names }: Hook, frames: readonly string[]): readonly string[] {
  const callers = names.map((name) => `__traceiter_${name.replace(/.*:/, "")}`);
  const caller = frames.findIndex((frame) => callers.includes(functionOf(frame)));
  const own = frames.findIndex((frame) => names.includes(functionOf(frame)));
  return frames.slice(Math.max(0, own, caller + 1));
}
