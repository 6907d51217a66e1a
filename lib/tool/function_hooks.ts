/**
 * Programs at the beginning of functions of the kernel: those of bpf/include/function_hooks.h. It stands apart from
 * mod.ts as functions.ts does.
 *
 * @module
 */
import { attachKprobe } from "../objects/attach/kprobe.ts";
import { attachKprobeMulti } from "../objects/attach/kprobe_multi.ts";
import { hasAttachKind } from "../objects/features/attach_kinds.ts";
import type { LoadedProgram, OpenedProgram } from "../skeleton/skeleton.ts";
import { ExitCode, ExitError } from "./ending/exit.ts";
import { type WayToTrace, wayToTrace } from "./functions.ts";

/** The functions by the names of their hooks: `deleted: "d_delete"` for the programs of `FUNCTION_HOOK(deleted, ...)`. */
export type FunctionHooks = Readonly<Record<string, string>>;

/**
 * Chooses the form in which each hook is loaded.
 * @param progs programs `fentry_NAME` and `kprobe_NAME`
 */
export function loadFunctionHooks(
  progs: Readonly<Record<string, OpenedProgram>>,
  hooks: FunctionHooks,
): void {
  load(progs, hooks, (hook, way) => way === "fexit" ? `fentry_${hook}` : `kprobe_${hook}`);
}

/**
 * Sees to it that functions can be traced.
 * @param tool the name of the tool, for the errors
 * @throws {ExitError} if the host lets no function be traced, or lacks one of these
 */
export function requireFunctions(tool: string, names: readonly string[]): void {
  if (!hasAttachKind("fentry") && !hasAttachKind("kprobe")) {
    throw unavailable(
      `Cannot attach ${tool}: this host has neither fentry nor kprobes, by which functions of the kernel are ` +
        "traced",
    );
  }
  const lacking = names.find((name) => wayToTrace(name) === undefined);
  if (lacking !== undefined) {
    throw unavailable(`Cannot attach ${tool}: this kernel has no function ${lacking}() to trace`);
  }
}

/**
 * Attaches what libbpf does not attach: probes.
 * @param tool the name of the tool, for the errors
 * @throws {ExitError} if the host lets no function be traced, or lacks one of these
 */
export function attachFunctionHooks(
  tool: string,
  progs: Readonly<Record<string, LoadedProgram>>,
  hooks: FunctionHooks,
): void {
  requireFunctions(tool, Object.values(hooks));
  for (const [hook, name] of Object.entries(hooks)) {
    const way = wayToTrace(name);
    if (way === "kprobe.multi") attachKprobeMulti(progs[`kprobe_${hook}`], [name]);
    else if (way === "kprobe") attachKprobe(progs[`kprobe_${hook}`], name);
  }
}

/**
 * Chooses the form in which the end of each function is hooked.
 * @param progs programs `fexit_NAME`, and one for all where there are kprobes
 * @param kretprobe the name of that one
 */
export function loadFunctionExits(
  progs: Readonly<Record<string, OpenedProgram>>,
  hooks: FunctionHooks,
  kretprobe: string,
): void {
  load(progs, hooks, (hook, way) => way === "fexit" ? `fexit_${hook}` : kretprobe);
}

/** Attaches what libbpf does not attach, once {@link attachFunctionHooks} has attached their beginnings. */
export function attachFunctionExits(
  progs: Readonly<Record<string, LoadedProgram>>,
  hooks: FunctionHooks,
  kretprobe: string,
): void {
  for (const name of Object.values(hooks)) {
    const way = wayToTrace(name);
    if (way === "kprobe.multi") attachKprobeMulti(progs[kretprobe], [name], { retprobe: true });
    else if (way === "kprobe") attachKprobe(progs[kretprobe], name, { retprobe: true });
  }
}

/** Loads of each hook the program of the way that there is, if any. */
function load(
  progs: Readonly<Record<string, OpenedProgram>>,
  hooks: FunctionHooks,
  programOf: (hook: string, way: WayToTrace) => string,
): void {
  for (const [hook, name] of Object.entries(hooks)) {
    const way = wayToTrace(name);
    if (way === undefined) continue;
    const program = progs[programOf(hook, way)];
    program.autoload = true;
    if (way === "kprobe.multi") program.attachType = "trace_kprobe_multi";
  }
}

const unavailable = (message: string) => new ExitError(ExitCode.Unavailable, message);
