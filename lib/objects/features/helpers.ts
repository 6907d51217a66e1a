/** Which helpers (bpf-helpers(7)) programs of each type may call, as the verifier has it. */
import { nearest } from "../../sys/nearest.ts";
import type { ProgramType } from "../program_types.ts";
import { loadProgram, type ProbeProgram, release } from "./bpf_call.ts";
import { kernelFunction } from "./kernel_function.ts";
import { HELPER_SINCE, PROGRAM_SINCE } from "./kernel_versions.ts";

/** A helper, and whether programs of one type may call it. */
export interface Helper {
  /** Without the `bpf_` in front: `ringbuf_output`. */
  readonly name: string;
  /** `enum bpf_func_id` of include/uapi/linux/bpf.h. */
  readonly number: number;
  /** Whether the kernel took it when it was tried. */
  readonly supported: boolean;
  /** The first Linux that has it, for some type of program. */
  readonly since: string;
}

const numbers = new Map([...PROGRAM_SINCE.keys()].map((name, at) => [name, at + 1]));
const asked = new Map<ProgramType, readonly Helper[]>();

/**
 * Asks the verifier about every helper, in the kernel's order, once for each type; some 20 ms.
 *
 * libbpf_probe_bpf_helper() is not used: it goes by the verifier's words, which have changed since, and
 * takes every helper for supported on later kernels. It also has no answer for tracing and lsm.
 *
 * @example
 * ```ts
 * import { helpersOf } from "@denobpf/denobpf";
 *
 * const usable = helpersOf("kprobe").filter(({ supported }) => supported);
 * console.log(usable.map(({ name }) => name));
 * ```
 *
 * @returns none if the kernel does not take programs of this type from this process
 */
export function helpersOf(type: ProgramType): readonly Helper[] {
  let helpers = asked.get(type);
  if (helpers === undefined) {
    const program = probeProgram(type);
    const loads = program !== undefined && canLoad(program);
    helpers = loads ? probeAll(program) : [];
    asked.set(type, helpers);
  }
  return helpers;
}

/**
 * Whether programs of a type may call a helper.
 * @param helper with or without the `bpf_` in front
 * @throws {RangeError} if there is no helper of this name
 *
 * @example
 * ```ts
 * import { hasHelper } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(hasHelper("kprobe", "bpf_map_lookup_elem"), true);
 * ```
 */
export function hasHelper(type: ProgramType, helper: string): boolean {
  const wanted = helper.replace(/^bpf_/, "");
  if (!HELPER_SINCE.has(wanted)) {
    const near = nearest(wanted, [...HELPER_SINCE.keys()]);
    const hint = near === undefined ? "kernel functions (kfuncs) are none" : `is it ${near}?`;
    throw new RangeError(`There is no helper ${helper}; ${hint}`);
  }
  return helpersOf(type).some(({ name, supported }) => name === wanted && supported);
}

function probeAll(program: ProbeProgram): Helper[] {
  return [...HELPER_SINCE].map(([name, since], at) => {
    const number = at + 1;
    return { name, number, since, supported: mayCall(program, number) };
  });
}

/**
 * What the verifier says of a helper that it does not know, and of one that this type may not call: up to
 * Linux 6.12, and from 6.13 on. kernel/bpf/verifier.c, check_helper_call()
 */
const REFUSED = /invalid func|unknown func|cannot use helper/;

/** Other complaints, of arguments that are not there, come only for a helper that may be called. */
function mayCall(program: ProbeProgram, helper: number): boolean {
  const { result, log } = loadProgram({ ...program, insns: callOf(helper) });
  release(result);
  return !REFUSED.test(log);
}

function canLoad(program: ProbeProgram): boolean {
  const { result } = loadProgram(program);
  release(result);
  return result >= 0;
}

/** `call helper; r0 = 0; exit`: struct bpf_insn, 8 bytes each. */
function callOf(helper: number): Uint8Array<ArrayBuffer> {
  const insns = new Uint8Array(24);
  insns[0] = 0x85;
  new DataView(insns.buffer).setInt32(4, helper, true);
  insns[8] = 0xb7;
  insns[16] = 0x95;
  return insns;
}

/** From include/uapi/linux/bpf.h; programs of type syscall must be so. */
const BPF_F_SLEEPABLE = 1 << 4;

/** Attach types without which the kernel takes no program of that type: `enum bpf_attach_type`. */
const ATTACH_TYPES: Partial<Record<ProgramType, number>> = {
  cgroup_sock_addr: 10, // BPF_CGROUP_INET4_CONNECT
  cgroup_sockopt: 21, // BPF_CGROUP_GETSOCKOPT
  netfilter: 45, // BPF_NETFILTER
  sk_lookup: 36, // BPF_SK_LOOKUP
};

function probeProgram(name: ProgramType): ProbeProgram | undefined {
  const type = numbers.get(name);
  if (type === undefined) return undefined;
  switch (name) {
    case "tracing":
    case "lsm": {
      const target = kernelFunction(name === "lsm" ? "lsm" : "tp_btf");
      return target && { type, ...target };
    }
    case "ext":
    case "struct_ops":
      return undefined; // They are for one program, or one struct of functions.
    case "syscall":
      return { type, flags: BPF_F_SLEEPABLE };
    default:
      return { type, attachType: ATTACH_TYPES[name] ?? 0 };
  }
}
