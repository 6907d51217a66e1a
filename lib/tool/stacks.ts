/**
 * What tools need that show stacks, besides mod.ts. It stands apart because reading symbols takes twenty modules,
 * and a tool starts no sooner than they are loaded.
 *
 * @module
 */
import { attachPerfEvent } from "../objects/attach/perf_event.ts";
import { UnsupportedError } from "../objects/errors.ts";
import type { Attachable } from "../objects/program.ts";
import type { Frame } from "../symbols/mod.ts";

export { type Frame, Symbolizer } from "../symbols/mod.ts";

/**
 * Attaches a program to a timer of each CPU: its cycles, which stand still while it is idle, or its clock
 * where these cannot be counted, as in most virtual machines.
 * @param frequency times a second
 * @returns what detaches it
 * @throws {BpfError | SystemError}
 */
export function attachTimer(program: Attachable, frequency: number): Disposable {
  try {
    return attachPerfEvent(program, { hardware: "cpu_cycles", frequency });
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return attachPerfEvent(program, { software: "cpu_clock", frequency });
  }
}

/** A frame in one line: `[<00007f57f1474b3a>] malloc+0x1a /usr/lib/libc.so.6`. */
export function frameText({ address, name, offset, module }: Frame): string {
  const at = `[<${address.toString(16).padStart(16, "0")}>]`;
  const place = `+0x${offset.toString(16)}`;
  if (name !== undefined) return `${at} ${name}${place} ${module ?? ""}`.trimEnd();
  return module === undefined ? at : `${at} ${module}${place}`;
}
