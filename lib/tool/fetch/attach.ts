/** Attaches programs to probes that were resolved. */
import type { Attachable } from "../../objects/program.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { attachToFiles, attachToKernel, attachToTracepoints } from "../probes/attach.ts";
import type { Hook, Refusal } from "../probes/hook.ts";
import type { Way } from "./resolve.ts";

/** MAX_PROBES of bpf/include/probe_programs.h. */
export const MOST_PROBES = 16;

/** What a program is attached to, and how. */
export interface Attached {
  readonly way: Way;
  readonly hooks: readonly Hook[];
}

/**
 * Attaches a program, but one of fexit, which knows where it belongs. For calls this is the program at their
 * beginning, where `way` is `kprobe` or `uprobe`, or that at their end.
 * @param pids the processes that are traced, if any are named
 * @throws {BpfError | ExitError} if the kernel refuses a probe
 */
export function attachProbe(
  program: Attachable,
  { way, hooks }: Attached,
  pids: readonly number[],
): void {
  const [refusal] = refusals(program, way, hooks, pids);
  if (refusal !== undefined) throw new ExitError(ExitCode.Unavailable, refusal.reason);
}

function refusals(
  program: Attachable,
  way: Way,
  all: readonly Hook[],
  pids: readonly number[],
): Refusal[] {
  const hooks = all.map((hook) => ({ hook, cookie: 0n }));
  const retprobe = way === "kretprobe" || way === "uretprobe";
  const how = { cookies: false, many: false, retprobe };
  switch (way) {
    case "fexit":
      return [];
    case "tracepoint":
      return attachToTracepoints(() => program, hooks, how);
    case "kprobe":
    case "kretprobe":
      return attachToKernel(program, hooks, how);
    default:
      return attachToFiles(program, hooks, { ...how, ...pids.length === 1 && { pid: pids[0] } });
  }
}
