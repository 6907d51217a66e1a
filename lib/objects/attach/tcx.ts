import { netkits, tcxs } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { interfaceIndex } from "../../sys/network.ts";
import type { Descriptor } from "../kernel_object.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { laterLibbpf } from "./later_libbpf.ts";

/** Where among the programs of an interface one is put; at the end unless told. */
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

/** `struct bpf_tcx_opts` and `struct bpf_netkit_opts` of libbpf.h: the same, 1.3 to 1.7. */
const ORDER = { size: 32, flags: 8, relative_fd: 12, relative_id: 16, expected_revision: 24 };

/** Of include/uapi/linux/bpf.h. */
const BPF_F_BEFORE = 1 << 3;
const BPF_F_AFTER = 1 << 4;
const BPF_F_LINK = 1 << 13;

/**
 * Attaches a program of a section `tcx/ingress` or `tcx/egress` to a network interface; Linux 6.6 and
 * libbpf 1.3. Before that: {@link attachTc}.
 *
 * @example
 * ```ts ignore
 * const link = attachTcx(skel.progs.count, "eth0", { before: "all" });
 * ```
 *
 * @param device name or number of the interface
 * @throws {UnsupportedError} with an earlier libbpf; {BpfError}
 */
export function attachTcx(
  program: Attachable,
  device: string | number,
  options: OrderOptions = {},
): Link {
  const hook = `tcx of ${device}`;
  const symbol = tcxs().bpf_program__attach_tcx;
  const attach = laterLibbpf(symbol, `attach ${program.name} to ${hook}`, "1.3");
  const index = interfaceIndex(device);
  const struct = orderStruct(options);
  return program.attachTo(hook, (pointer) => attach(pointer, index, struct.bytes));
}

/**
 * Attaches a program of a section `netkit/primary` or `netkit/peer` to a netkit device, from the host's
 * side; Linux 6.7 and libbpf 1.3.
 *
 * @example
 * ```ts ignore
 * const link = attachNetkit(skel.progs.police, "nk0");
 * ```
 *
 * @param device name or number of the primary device
 * @throws {UnsupportedError} with an earlier libbpf; {BpfError}
 */
export function attachNetkit(
  program: Attachable,
  device: string | number,
  options: OrderOptions = {},
): Link {
  const hook = `netkit of ${device}`;
  const symbol = netkits().bpf_program__attach_netkit;
  const attach = laterLibbpf(symbol, `attach ${program.name} to ${hook}`, "1.3");
  const index = interfaceIndex(device);
  const struct = orderStruct(options);
  return program.attachTo(hook, (pointer) => attach(pointer, index, struct.bytes));
}

function orderStruct({ before, after, relativeToLink, expectedRevision = 0n }: OrderOptions) {
  const relative = before === "all" ? undefined : before ?? after;
  const flags = (before === undefined ? 0 : BPF_F_BEFORE) |
    (after === undefined ? 0 : BPF_F_AFTER) | (relativeToLink ? BPF_F_LINK : 0);
  return new OptionStruct(ORDER.size)
    .u32(ORDER.flags, flags)
    .u32(ORDER.relative_fd, relative?.fd ?? 0)
    .u64(ORDER.expected_revision, expectedRevision);
}
