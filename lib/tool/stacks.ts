/**
 * What tools need that show stacks, besides mod.ts. It stands apart because reading symbols takes twenty modules,
 * and a tool starts no sooner than they are loaded.
 *
 * @module
 */
import { tryReadTextFile } from "../sys/file.ts";
import type { RawText } from "../sys/raw_text.ts";
import { type Frame, Symbolizer } from "../symbols/mod.ts";

export { KeptStacks, type NamedStack, type StackIds } from "./kept_stacks.ts";
export { onlineCpus } from "../sys/cpus.ts";
export { type Frame, Symbolizer };
export { type Stacked, stackOptions, type StackTool, stackTool } from "./shapes/stacks.ts";
export { attachTimer, CpuClocks, onlineCpu } from "./timers.ts";

/** How many frames of a stack the kernel passes: /proc/sys/kernel/perf_event_max_stack, 127 at most. */
export function mostFrames(): number {
  const MAX_FRAMES = 127; // of bpf/include
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

/** Names for stacks that append_stack() of bpf/include/record.h has left in records. */
export class StackNames {
  readonly #symbolizer = new Symbolizer();

  /** Reads the kernel's symbols, which takes a fifth of a second, before there are events that wait. */
  readKernel(): this {
    this.#symbolizer.kernel(0n);
    return this;
  }

  /**
   * The functions of the kernel, the innermost first.
   * @param hook the function that the program is attached to: what lies further in is the way to the program
   */
  kernel(stack: RawText | undefined, hook: string): string[] {
    const names = this.#symbolizer.stack(undefined, addresses(stack)).map(frameName);
    return names.slice(Math.max(0, names.indexOf(hook)));
  }

  /** The functions of a process, the innermost first. */
  user(pid: number, stack: RawText | undefined): string[] {
    return this.#symbolizer.stack(pid, addresses(stack)).map(frameName);
  }
}

function addresses(stack: RawText | undefined): bigint[] {
  if (stack === undefined) return [];
  const { bytes, start, end } = stack;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  return Array.from({ length: view.byteLength / 8 }, (_, i) => view.getBigUint64(i * 8, true));
}
