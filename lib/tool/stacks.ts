/**
 * What tools need that show stacks, besides mod.ts. It stands apart because reading symbols takes twenty modules,
 * and a tool starts no sooner than they are loaded.
 *
 * @module
 */
import type { RawText } from "../sys/raw_text.ts";
import { type Frame, Symbolizer } from "../symbols/mod.ts";
import { frameName } from "./frames.ts";

export { frameName, frameText, mostFrames, STACK_BYTES } from "./frames.ts";
export { KeptNames } from "./kept_names.ts";
export { KeptStacks, type NamedStack, type StackIds } from "./kept_stacks.ts";
export {
  beginSeed,
  blockTimeBounds,
  blockTimeOptions,
  seedAbsences,
  setOffCpu,
} from "./off_cpu.ts";
export { onlineCpus } from "../sys/cpus.ts";
export { type Frame, Symbolizer };
export {
  depthOptions,
  excludeEachOther,
  setStacks,
  type SideOptions,
  sideOptions,
  type Sides,
  sidesOf,
  stackMembers,
  storageOptions,
} from "./stack_parts.ts";
export {
  type NamedPair,
  type NamedSum,
  type OtherParts,
  type StackSum,
  StackSums,
  type SumParts,
} from "./stack_sums.ts";
export { type FlameFrame, type FlameUnit, taskFrame } from "./flames/flame_tree.ts";
export { foldedLine } from "./flames/folded.ts";
export { writeFlames } from "./flames/write_flames.ts";
export {
  framePath,
  framesOf,
  type Marks,
  type Stacked,
  stackOptions,
  type StackTool,
  stackTool,
} from "./shapes/stacks.ts";
export { attachTimer, CpuClocks, onlineCpu } from "./timers.ts";

/** Names for stacks that append_stack() of bpf/include/record.h has left in records. */
export class StackNames {
  readonly #symbolizer = new Symbolizer();
  readonly #show: (frame: Frame) => string;

  /** @param show a frame as text; by its name if left out */
  constructor(show: (frame: Frame) => string = frameName) {
    this.#show = show;
  }

  /** Reads the kernel's symbols, which takes a fifth of a second, before there are events that wait. */
  readKernel(): this {
    this.#symbolizer.kernel(0n);
    return this;
  }

  /**
   * The functions of the kernel, the innermost first.
   * @param hook the function that the program is attached to, or the address in it that the stack has: what lies
   * further in is the way to the program
   */
  kernel(stack: RawText | undefined, hook: string | bigint): string[] {
    const ips = addresses(stack);
    const names = this.#symbolizer.stack(undefined, ips).map(this.#show);
    const at = typeof hook === "bigint" ? ips.indexOf(hook) : names.indexOf(hook);
    return names.slice(Math.max(0, at));
  }

  /** The function of the kernel that has this address. */
  function(address: bigint): string {
    return this.#show(this.#symbolizer.kernel(address));
  }

  /** The functions of a process, the innermost first. */
  user(pid: number, stack: RawText | undefined): string[] {
    return this.#symbolizer.stack(pid, addresses(stack)).map(this.#show);
  }
}

function addresses(stack: RawText | undefined): bigint[] {
  if (stack === undefined) return [];
  const { bytes, start, end } = stack;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  return Array.from({ length: view.byteLength / 8 }, (_, i) => view.getBigUint64(i * 8, true));
}
