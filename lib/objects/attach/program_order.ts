import { OptionStruct } from "../../libbpf/options.ts";
import type { Descriptor } from "../kernel_object.ts";

/** Where among the programs of an interface or a cgroup one is put; at the end by default. */
export interface OrderOptions {
  /** Before this program or link, or before all. */
  before?: Descriptor | "all";
  /** After this program or link. */
  after?: Descriptor;
  /** Whether `before` or `after` is a link. */
  relativeToLink?: boolean;
  /** Fails with ESTALE unless the kernel's list of programs still has this revision. */
  expectedRevision?: bigint;
}

/**
 * `struct bpf_tcx_opts`, `struct bpf_netkit_opts` and `struct bpf_cgroup_opts` of libbpf.h: the same, 1.3 to
 * 1.7.
 */
const ORDER = { size: 32, flags: 8, relative_fd: 12, relative_id: 16, expected_revision: 24 };

/** Of include/uapi/linux/bpf.h. */
const BPF_F_BEFORE = 1 << 3;
const BPF_F_AFTER = 1 << 4;
const BPF_F_LINK = 1 << 13;

/** The struct for these options. */
export function orderStruct(
  { before, after, relativeToLink, expectedRevision = 0n }: OrderOptions,
): OptionStruct {
  const relative = before === "all" ? undefined : before ?? after;
  const flags = (before === undefined ? 0 : BPF_F_BEFORE) |
    (after === undefined ? 0 : BPF_F_AFTER) | (relativeToLink ? BPF_F_LINK : 0);
  return new OptionStruct(ORDER)
    .u32(ORDER.flags, flags)
    .u32(ORDER.relative_fd, relative?.fd ?? 0)
    .u64(ORDER.expected_revision, expectedRevision);
}
