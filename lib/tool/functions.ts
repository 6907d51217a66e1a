/**
 * What tools need that trace functions of the kernel, besides mod.ts. It stands apart because a tool starts no
 * sooner than its modules are loaded.
 *
 * @module
 */
import { hasAttachKind } from "../objects/features/attach_kinds.ts";
import { Btf } from "../btf/layout.ts";
import { hasKernelFunction } from "../objects/features/kernel_function.ts";
import { tryReadTextFile } from "../sys/file.ts";
import { hasBtf, kernelIsAtLeast } from "../sys/kernel.ts";
import { fileExists } from "../sys/status.ts";

export { functionPrototype, parameterOf, returnsBoolean } from "../btf/function.ts";
export { tracepointArguments } from "../btf/tracepoint.ts";
export { tracefs } from "../sys/mounts.ts";

/**
 * Whether programs of this kind can be attached to a function of the kernel. Hardened kernels have none of
 * these kinds, arm64 has fentry and fexit from Linux 6.4 on, and the compiler may have made the function part
 * of its callers.
 */
export function canTrace(kind: "kprobe" | "fentry" | "fexit", name: string): boolean {
  return hasAttachKind(kind) && hasKernelFunction(name);
}

/** Whether the kernel has an iterator: `unix` for a program `iter/unix`. */
export function hasIterator(name: string): boolean {
  return isTyped(`bpf_iter_${name}`);
}

/** A pair of programs for a function: fentry and fexit, kprobe and kretprobe, or the latter by kprobe.multi. */
export type WayToTrace = "fexit" | "kprobe" | "kprobe.multi";

/**
 * How programs can be attached to the entry and the end of a function that may be in a module. From Linux 7.0
 * on a task can lose the CPU in the middle of fentry and fexit, as hooks.ts has it of tracepoints, but not in
 * kprobe.multi. Where modules have no types (Linux before 5.11), or arm64 has no fexit, there are kprobes.
 * @param module the one that it is in, unless that is built in
 * @returns undefined if there is no such function, or nothing can be attached to it
 */
export function wayToTrace(name: string, module?: string): WayToTrace | undefined {
  const builtIn = isTyped(name);
  if (!builtIn && (module === undefined || !moduleSymbols().includes(` ${name}\t[${module}]\n`))) {
    return undefined;
  }
  if (kernelIsAtLeast(7, 0) && hasAttachKind("kprobe.multi")) return "kprobe.multi";
  const typed = builtIn || fileExists(`/sys/kernel/btf/${module}`);
  if (typed && hasAttachKind("fexit")) return "fexit";
  return hasAttachKind("kprobe") ? "kprobe" : undefined;
}

const typed = new Map<string, boolean>();

/** hasKernelFunction() has libbpf read all types each time: too slow for a tool that asks for many. */
function isTyped(name: string): boolean {
  let known = typed.get(name);
  if (known === undefined) {
    known = hasBtf() && Btf.kernel().find("function", name) !== undefined;
    typed.set(name, known);
  }
  return known;
}

let symbols: string | undefined;

/** The symbols of modules are the last in /proc/kallsyms. */
function moduleSymbols(): string {
  if (symbols === undefined) {
    const all = tryReadTextFile("/proc/kallsyms") ?? "";
    symbols = all.slice(all.lastIndexOf("\n", all.indexOf("\t[")) + 1);
  }
  return symbols;
}
