import { trafficControl } from "../../libbpf/attach_symbols.ts";
import { withLog } from "../../libbpf/log.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { EEXIST, ENOENT } from "../../sys/errno.ts";
import { oneOf } from "../../sys/nearest.ts";
import { interfaceIndex } from "../../sys/network.ts";
import { explain, wrongType } from "../diagnosis.ts";
import { UnsupportedError } from "../errors.ts";
import type { Attachable } from "../program.ts";
import { ByHand } from "./attached_by_hand.ts";

/** How a program is put among the filters of an interface. */
export interface TcOptions {
  /** The filter's number; the kernel chooses one by default. */
  handle?: number;
  /** Lower runs first; the kernel chooses one by default. */
  priority?: number;
  /** Take the place of a filter with this handle and priority. */
  replace?: boolean;
}

/** `struct bpf_tc_hook` and `struct bpf_tc_opts` of libbpf.h: sizes and offsets in bytes, 1.0 to 1.7. */
const HOOK = { size: 24, ifindex: 8, attach_point: 12 };
const OPTIONS = { size: 32, prog_fd: 8, flags: 12, prog_id: 16, handle: 20, priority: 24 };

/** `enum bpf_tc_attach_point` and `enum bpf_tc_flags`. */
const POINTS = { ingress: 1, egress: 2 } as const;
const BPF_TC_F_REPLACE = 1;

/** A program as a filter of an interface. It outlives the process unless it is destroyed. */
export class TcFilter extends ByHand {
  readonly #hook: OptionStruct;

  /** @internal {@link attachTc} makes these. */
  constructor(
    program: string,
    hook: OptionStruct,
    private readonly madeHook: boolean,
    readonly handle: number,
    readonly priority: number,
  ) {
    super(program);
    this.#hook = hook;
  }

  /** Detaches it. */
  protected undo(): void {
    const { handle, priority } = this;
    const struct = new OptionStruct(OPTIONS)
      .u32(OPTIONS.handle, handle)
      .u32(OPTIONS.priority, priority);
    withLog(() => trafficControl().bpf_tc_detach(this.#hook.bytes, struct.bytes));
    if (this.madeHook) destroyHook(this.#hook);
  }
}

/**
 * Attaches a program of a section `tc` to an interface in the way of before Linux 6.6: as a filter of its
 * `clsact` queueing discipline, which is made if it is missing. One that was made here is removed with
 * this filter, and with whatever others have put into it meanwhile.
 *
 * @example
 * ```ts
 * import { attachTc, BpfObject } from "@denobpf/denobpf";
 *
 * using object = BpfObject.open("build/examples/tc.bpf.o");
 * object.load();
 * using filter = attachTc(object.program("tc_ingress"), "lo", "ingress");
 * ```
 *
 * @param device name or number of the interface
 * @throws {SystemError} if there is no such interface; {BpfError} EEXIST if the handle is taken
 */
export function attachTc(
  program: Attachable,
  device: string | number,
  point: "ingress" | "egress",
  options: TcOptions = {},
): TcFilter {
  const operation = `attach ${program.name} to tc ${point} of ${device}`;
  const hook = new OptionStruct(HOOK)
    .u32(HOOK.ifindex, interfaceIndex(device))
    .u32(HOOK.attach_point, oneOf(POINTS, point, "side of tc"));
  const attempt = (call: () => number, allowed = 0) => tryCall(operation, program, call, allowed);
  const made = attempt(() => trafficControl().bpf_tc_hook_create(hook.bytes), EEXIST) === 0;
  const struct = new OptionStruct(OPTIONS)
    .u32(OPTIONS.prog_fd, program.fd)
    .u32(OPTIONS.flags, options.replace ? BPF_TC_F_REPLACE : 0)
    .u32(OPTIONS.handle, options.handle ?? 0)
    .u32(OPTIONS.priority, options.priority ?? 0);
  try {
    attempt(() => trafficControl().bpf_tc_attach(hook.bytes, struct.bytes));
  } catch (error) {
    if (made) destroyHook(hook);
    throw error;
  }
  const [handle, priority] = [struct.getU32(OPTIONS.handle), struct.getU32(OPTIONS.priority)];
  return program.own(new TcFilter(program.name, hook, made, handle, priority));
}

/** What an errno of ENOENT means to tc, and what to do about it. */
const MODULES = [
  "clsact queueing discipline with BPF filters",
  undefined,
  "load the kernel's modules for them: modprobe -a sch_ingress cls_bpf",
] as const;

function tryCall(
  operation: string,
  program: Attachable,
  call: () => number,
  allowed: number,
): number {
  const { result, log } = withLog(call);
  if (result >= 0 || result === -allowed) return result;
  if (result === -ENOENT) throw new UnsupportedError(operation, ENOENT, ...MODULES);
  throw wrongType(operation, -result, program, ["sched_cls", "sched_act"]) ??
    explain(operation, -result, log);
}

/** The queueing discipline goes only when both of its sides are named. */
function destroyHook(hook: OptionStruct): void {
  hook.u32(HOOK.attach_point, POINTS.ingress | POINTS.egress);
  withLog(() => trafficControl().bpf_tc_hook_destroy(hook.bytes));
}
