/** Frames of stacks: how many there are at most, and what they are called. */
import { tryReadTextFile } from "../sys/file.ts";
import type { Frame } from "../symbols/mod.ts";

/** PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h, as bpf/include has it. */
const MAX_FRAMES = 127;

/** STACK_SIZE of bpf/include/record.h: bytes of the longest stack. */
export const STACK_BYTES = BigInt(MAX_FRAMES * 8);

/** How many frames of a stack the kernel passes: /proc/sys/kernel/perf_event_max_stack, 127 at most. */
export function mostFrames(): number {
  return Math.min(
    MAX_FRAMES,
    Number(tryReadTextFile("/proc/sys/kernel/perf_event_max_stack") || MAX_FRAMES),
  );
}

/** A frame in one line: `[<00007f57f1474b3a>] malloc+0x1a /usr/lib/libc.so.6`. */
export function frameText({ address, name, offset, module }: Frame): string {
  const at = `[<${address.toString(16).padStart(16, "0")}>]`;
  const place = `+0x${offset.toString(16)}`;
  if (name !== undefined) return `${at} ${name}${place} ${module ?? ""}`.trimEnd();
  return module === undefined ? at : `${at} ${module}${place}`;
}

/**
 * A frame by its name alone, as stacks are counted by. A function of a process without a name is the place in
 * its file, which addr2line(1) takes.
 */
export function frameName({ name, module, offset }: Frame): string {
  if (name !== undefined) return name;
  const isFile = module?.includes("/") ?? false;
  return isFile ? `${module!.replace(/.*\//, "")}+0x${offset.toString(16)}` : "[unknown]";
}
