/** What tools of the scheduler share: the user half of bpf/include/sched.h and run_queue.h. */
import { tracepointArguments } from "../btf/tracepoint.ts";
import type { Parser } from "./options/declarations.ts";
import { choice } from "./options/parsers.ts";

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

/** What `state_letter()` of bpf/include/sched.h knows; `W`, which is being woken up, is no state to ask for. */
const LETTERS = ["R", "S", "D", "I", "T", "t", "P"] as const;

/** Words for some of these: those of C's `offcputime`, which takes bits of the kernel's states, and one more. */
const WORDS = { 0: "R", 1: "S", 2: "D", preempted: "R" } as const;

const stateWord = choice(...LETTERS, "iowait", "preempted", "0", "1", "2");

/** The state of a task that is off CPU: a letter as ps(1) has it, or a wait for a disk, which is part of `D`. */
export type OffCpuState = "R" | "S" | "D" | "I" | "T" | "t" | "P" | "iowait";

/**
 * Parses the state of a task that is off CPU.
 *
 * @example
 * ```ts
 * import { offCpuState } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(["D", "2", "preempted", "iowait"].map(offCpuState), ["D", "D", "R", "iowait"]);
 * ```
 *
 * @throws {ValueError} it is none
 */
export const offCpuState: Parser<OffCpuState> = Object.assign((text: string): OffCpuState => {
  const word = stateWord(text);
  return word in WORDS ? WORDS[word as keyof typeof WORDS] : word as OffCpuState;
}, { choices: stateWord.choices });

/**
 * A number with a bit for each of these letters, as kernel halves have it: bit 0 is `A`.
 *
 * @example
 * ```ts
 * import { stateBits } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(stateBits(["A", "D"]), 0b1001n);
 * ```
 */
export function stateBits(letters: Iterable<string>): bigint {
  return [...letters].reduce(
    (bits, letter) => bits | 1n << BigInt(letter.charCodeAt(0) - "A".charCodeAt(0)),
    0n,
  );
}

/**
 * Why a task waits for a CPU, by `enum wait_kind` of bpf/include/run_queue.h.
 *
 * @example
 * ```ts
 * import { WAIT_KINDS } from "@denobpf/denobpf/tool";
 *
 * const kinds: readonly string[] = WAIT_KINDS; // woken, new, preempted
 * ```
 */
export const WAIT_KINDS = ["woken", "new", "preempted"] as const;
