/** What tools of block devices share: the user half of bpf/include/block.h. */
import { Btf } from "../btf/layout.ts";
import { tracepointArguments } from "../btf/tracepoint.ts";
import { diskNumber } from "../sys/disks.ts";
import { errnoName } from "../sys/errno.ts";
import { enumNames } from "./enum_names.ts";
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
  return { getrq_has_queue: hasQueue("block_getrq"), rq_has_queue: hasQueue("block_rq_issue") };
}

/**
 * What `rodata` of a kernel half that traces bios is set to: whether tracepoints pass the queue first.
 *
 * @example
 * ```ts
 * import { Flushsnoop } from "#skel/flushsnoop.ts";
 * import { bioArguments } from "@denobpf/denobpf/tool";
 *
 * using opened = Flushsnoop.open();
 * Object.assign(opened.rodata, bioArguments());
 * ```
 */
export function bioArguments(): { bio_queue_has_queue: boolean; bio_complete_has_queue: boolean } {
  return {
    bio_queue_has_queue: hasQueue("block_bio_queue"),
    bio_complete_has_queue: hasQueue("block_bio_complete"),
  };
}

/** Whether the first argument of a tracepoint is the queue of the disk. */
function hasQueue(tracepoint: string): boolean {
  const btf = Btf.kernel();
  const first = tracepointArguments(tracepoint)?.[0];
  const argument = first && btf.resolved(first.type);
  const target = argument?.kind === "pointer" ? btf.resolved(argument.type) : undefined;
  return target?.kind === "struct" && target.name === "request_queue";
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

/** The enum of operations; req_opf before Linux 6.0. */
const OPS = ["req_op", "req_opf"];
const OP_PREFIX = "REQ_OP_";

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
  /** What is known of each cmd_flags that there was: a handful. */
  readonly #known = new Map<number, { readonly flags: readonly string[]; readonly rwbs: string }>();

  /** Reads them from the types of the running kernel. */
  constructor() {
    this.#ops = namesOf(OPS, OP_PREFIX);
    this.#flags = namesOf(["req_flag_bits"], "__REQ_");
  }

  /** The operation: `write`, `zone_append`. */
  op(cmd_flags: number): string {
    return this.#ops.get(cmd_flags & REQ_OP_MASK) ?? `op_${cmd_flags & REQ_OP_MASK}`;
  }

  /** The flags, the lowest bit first: `sync`, `nomerge`. */
  flags(cmd_flags: number): readonly string[] {
    return this.#of(cmd_flags).flags;
  }

  /** The letters that the kernel's own trace has, blk_fill_rwbs() of kernel/trace/blktrace.c: `WS`. */
  rwbs(cmd_flags: number): string {
    return this.#of(cmd_flags).rwbs;
  }

  #of(cmd_flags: number) {
    let known = this.#known.get(cmd_flags);
    if (known === undefined) {
      const flags = Array.from({ length: 24 }, (_, at) => at + 8)
        .filter((bit) => cmd_flags >>> bit & 1)
        .map((bit) => this.#flags.get(bit) ?? `bit_${bit}`);
      const letter = (flag: string, letter: string) => flags.includes(flag) ? letter : "";
      const rwbs = letter("preflush", "F") + (RWBS[this.op(cmd_flags)] ?? "N") +
        letter("fua", "F") + letter("rahead", "A") + letter("sync", "S") + letter("meta", "M");
      this.#known.set(cmd_flags, known = { flags, rwbs });
    }
    return known;
  }
}

/**
 * The name of an operation or flag as the C tools spell it.
 *
 * @example
 * ```ts
 * import { titleOf } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(titleOf("zone_append"), "ZoneAppend");
 * ```
 */
export function titleOf(name: string): string {
  return name.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}

/** The letters of operations, of zeroes as Linux 7 has them: before it they were `N`, as all others are. */
const RWBS: Readonly<Record<string, string>> = {
  read: "R",
  write: "W",
  write_same: "W",
  write_zeroes: "WZ",
  flush: "F",
  discard: "D",
  secure_erase: "DE",
};

/**
 * An operation of the running kernel by its name: `read`, `write`, `discard`.
 *
 * @example
 * ```ts
 * import { list, requestOp } from "@denobpf/denobpf/tool";
 *
 * const options = { op: list("", "OP,...", "Show these operations only", requestOp) };
 * ```
 */
export const requestOp: Parser<number> = (name): number => {
  const ops = namesOf(OPS, OP_PREFIX);
  for (const [op, known] of ops) if (known === name) return op;
  const names = [...ops.values()].filter((name) => name !== "last").join(", ");
  throw new ValueError(`${quoted(name)} is no operation; this kernel has ${names}`);
};

/** The errno of each blk_status_t: `blk_errors` of block/blk-core.c. Later ones have differing numbers. */
const BLK_STATUS = [
  "",
  "EOPNOTSUPP",
  "ETIMEDOUT",
  "ENOSPC",
  "ENOLINK",
  "EREMOTEIO",
  "EBADE",
  "ENODATA",
  "EILSEQ",
  "ENOMEM",
  "EIO",
  "EREMCHG",
  "EAGAIN",
  "EBUSY",
];

/**
 * Why a request failed: `EIO`; undefined if it did not.
 * @param status what block_rq_complete passes: a negated errno until Linux 5.15, a blk_status_t since
 *
 * @example
 * ```ts
 * import { requestError } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([requestError(0), requestError(-5), requestError(10)], [undefined, "EIO", "EIO"]);
 * ```
 */
export function requestError(status: number): string | undefined {
  if (status <= 0) return status === 0 ? undefined : errnoName(-status);
  return BLK_STATUS[status] ?? `BLK_STS_${status}`;
}

function namesOf(enums: readonly string[], prefix: string): Map<number, string> {
  return new Map([...enumNames(enums, prefix)].map(([op, name]) => [op, name.toLowerCase()]));
}
