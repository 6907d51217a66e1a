/** What tools of block devices share: the user half of bpf/include/block.h. */
import { Btf } from "../btf/layout.ts";
import { diskNumber } from "../sys/disks.ts";
import type { Parser } from "./options/declarations.ts";
import { ValueError } from "./options/usage_errors.ts";
import { quoted } from "./text/escape.ts";

/**
 * A disk by its name, as the kernel's dev_t.
 *
 * @example
 * ```ts
 * import { disk, option } from "@denobpf/denobpf/tool";
 *
 * const options = { disk: option("d", "DISK", "Trace this disk only", disk) };
 * ```
 */
export const disk: Parser<number> = (name): number => {
  const dev = name.includes("\0") ? undefined : diskNumber(name);
  if (dev !== undefined) return dev;
  throw new ValueError(`${quoted(name)} is no whole disk: lsblk(8) lists them`);
};

/**
 * What `rodata` of a kernel half with block.h is set to: whether tracepoints pass the queue first.
 *
 * @example
 * ```ts
 * import { Biolatency } from "#skel/biolatency.ts";
 * import { queueArguments } from "@denobpf/denobpf/tool";
 *
 * using opened = Biolatency.open();
 * Object.assign(opened.rodata, queueArguments());
 * ```
 */
export function queueArguments(): { getrq_has_queue: boolean; rq_has_queue: boolean } {
  return {
    getrq_has_queue: firstArgument("block_getrq") === "request_queue",
    rq_has_queue: firstArgument("block_rq_issue") === "request_queue",
  };
}

/** The struct that the first argument of a tracepoint points to; behind `void *__data`, which all have. */
function firstArgument(tracepoint: string): string | undefined {
  const btf = Btf.kernel();
  const id = btf.find("typedef", `btf_trace_${tracepoint}`);
  const pointer = id === undefined ? undefined : btf.resolved(id);
  const prototype = pointer?.kind === "pointer" ? btf.resolved(pointer.type) : undefined;
  const first = prototype?.kind === "prototype" ? prototype.parameters[1] : undefined;
  const argument = first && btf.resolved(first.type);
  const target = argument?.kind === "pointer" ? btf.resolved(argument.type) : undefined;
  return target?.kind === "struct" ? target.name : undefined;
}

/**
 * The bits of `cmd_flags` that are the operation, as in include/linux/blk_types.h.
 *
 * @example
 * ```ts
 * import { REQ_OP_MASK } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const cmd_flags = 1 | 1 << 11; // REQ_OP_WRITE | REQ_SYNC
 * assertEquals(cmd_flags & REQ_OP_MASK, 1);
 * ```
 */
export const REQ_OP_MASK = 0xff;

/**
 * Names of operations and flags of requests, which are numbered differently from kernel to kernel.
 *
 * @example
 * ```ts
 * import { RequestNames } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new RequestNames().op(1), "write");
 * ```
 */
export class RequestNames {
  readonly #ops: ReadonlyMap<number, string>;
  readonly #flags: ReadonlyMap<number, string>;

  /** Reads them from the types of the running kernel. */
  constructor() {
    // enum req_opf before Linux 6.0
    this.#ops = namesOf(["req_op", "req_opf"], "REQ_OP_");
    this.#flags = namesOf(["req_flag_bits"], "__REQ_");
  }

  /** The operation: `write`, `zone_append`. */
  op(cmd_flags: number): string {
    return this.#ops.get(cmd_flags & REQ_OP_MASK) ?? `op_${cmd_flags & REQ_OP_MASK}`;
  }

  /** The flags, the lowest bit first: `sync`, `nomerge`. */
  flags(cmd_flags: number): string[] {
    return Array.from({ length: 24 }, (_, at) => at + 8)
      .filter((bit) => cmd_flags >>> bit & 1)
      .map((bit) => this.#flags.get(bit) ?? `bit_${bit}`);
  }
}

/** The values of the first of these enums that the kernel has, in lower case and without `prefix`. */
function namesOf(enums: readonly string[], prefix: string): Map<number, string> {
  const btf = Btf.kernel();
  for (const name of enums) {
    const id = btf.find("enum", name);
    const type = id === undefined ? undefined : btf.type(id);
    if (type?.kind !== "enum") continue;
    return new Map(
      type.values.map(({ name, value }) =>
        [Number(value), name.replace(prefix, "").toLowerCase()] as const
      ),
    );
  }
  return new Map();
}
