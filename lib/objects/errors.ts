import { errorName, errorText } from "../libbpf/error.ts";
import { errors } from "../libbpf/symbols.ts";

/**
 * A call of libbpf or the kernel that failed.
 *
 * @example
 * ```ts
 * import { BpfError, BpfObject } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * try {
 *   using _object = BpfObject.open("/bin/true");
 * } catch (error) {
 *   if (!(error instanceof BpfError)) throw error;
 *   assertEquals(error.operation, "open true");
 * }
 * ```
 */
export class BpfError extends Error {
  /** The name of its class. */
  override readonly name: string = "BpfError";
  /** Name of the error number: `"EPERM"`. */
  readonly code: string;

  /**
   * Makes the error.
   * @param operation what was tried, to be read behind "Cannot": `load execsnoop`
   * @param errno the positive error number
   * @param hint what the user can do about it
   * @param reason why, where more is known than the error number says
   */
  constructor(
    readonly operation: string,
    readonly errno: number,
    readonly hint?: string,
    reason?: string,
  ) {
    super(`Cannot ${operation}: ${reason ?? `${errorText(errno)} (${errorName(errno)})`}`);
    this.code = errorName(errno);
  }
}

/**
 * This process may not do it: not root, a capability missing, or lockdown.
 *
 * @example
 * ```ts
 * import { BpfObject, PermissionError } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * try {
 *   object.load();
 * } catch (error) {
 *   if (error instanceof PermissionError) console.error(error.hint); // run it as root
 * }
 * ```
 */
export class PermissionError extends BpfError {
  /** The name of its class. */
  override readonly name = "PermissionError";
}

/**
 * The kernel, or what is set up on this host, lacks what is needed.
 *
 * @example
 * ```ts
 * import { BpfObject, UnsupportedError } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * try {
 *   object.load();
 * } catch (error) {
 *   if (error instanceof UnsupportedError) console.error(error.feature, error.since);
 * }
 * ```
 */
export class UnsupportedError extends BpfError {
  /** The name of its class. */
  override readonly name = "UnsupportedError";

  /**
   * Makes the error.
   * @param feature what is missing: `BTF`, `ring buffers`
   * @param since the first kernel that has it: `"5.8"`, if a kernel version decides
   */
  constructor(
    operation: string,
    errno: number,
    readonly feature: string,
    readonly since?: string,
    hint?: string,
  ) {
    const kernel = since === undefined ? "" : `, which Linux ${since} and later have`;
    super(operation, errno, hint, `this host has no ${feature}${kernel}`);
  }
}

/**
 * A program that the kernel's verifier rejected.
 *
 * @example
 * ```ts
 * import { BpfObject, VerifierError } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * try {
 *   object.load();
 * } catch (error) {
 *   if (error instanceof VerifierError) console.error(error.program, error.summary, error.log);
 * }
 * ```
 */
export class VerifierError extends BpfError {
  /** The name of its class. */
  override readonly name = "VerifierError";
  /** What the log says behind the last instruction: why the program was rejected. Three lines at most. */
  readonly summary: string;

  /**
   * Makes the error.
   * @param program the name of the rejected program
   * @param log the verifier's whole log
   */
  constructor(operation: string, errno: number, readonly program: string, readonly log: string) {
    const summary = reasonsOf(log);
    const others = log.trim().split("\n").length - 1;
    super(
      operation,
      errno,
      others > 0 ? `the verifier's log has ${others} more lines; --verbose shows them` : undefined,
      `program ${program} was rejected by the verifier: ${summary}`,
    );
    this.summary = summary;
  }
}

/**
 * A call in the wrong phase: use before load, use after close, a write to loaded `.rodata`.
 *
 * @example
 * ```ts
 * import { BpfObject, PhaseError } from "@denobpf/denobpf";
 * import { assertThrows } from "@std/assert";
 *
 * using object = BpfObject.open("build/minimal.bpf.o");
 * assertThrows(() => object.attach(), PhaseError); // it is not loaded yet
 * ```
 */
export class PhaseError extends Error {
  /** The name of its class. */
  override readonly name = "PhaseError";
}

/** Lines of a verifier log that give no reason: instructions, source, register states, statistics. */
const NO_REASON = new RegExp(
  "^(" +
    [
      "\\d+: |; |\\d+ \\[|from \\d+ to |returning from |to caller |$",
      "(R\\d+(_\\w+)?|regs|fp-\\d+\\w*)=|frame\\d+:|(cur|old) state:",
      "mark_precise:|last_idx|parent |propagating |Validating |Global function|safe$",
      "processed \\d+ insns|verification time|stack depth|func#|max_states",
    ].join("|") +
    ")",
);

/** A line of a verifier log with an instruction: `4: (85) call bpf_map_lookup_elem#1`. */
const INSTRUCTION = /^\d+: \([0-9a-f]{2}\) /;

/** Lines of a reason at most. */
const MOST_REASONS = 3;

/** The kernel says first what is wrong, and then what it comes of, or the other way round. */
function reasonsOf(log: string): string {
  const lines = log.trim().split("\n").map((line) => line.trim());
  const says = (line: string) => !NO_REASON.test(line);
  const last = lines.findLastIndex((line) => INSTRUCTION.test(line));
  const reasons = lines.slice(last + 1).filter(says).slice(0, MOST_REASONS);
  return reasons.join("; ") || (lines.findLast(says) ?? "no reason given");
}

/**
 * The errno of the libbpf function that just returned NULL. It must be asked for at once: any other
 * call of C may overwrite it.
 */
export function lastError(): number {
  return -Number(errors().libbpf_get_error(null));
}
