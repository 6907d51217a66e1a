import { netfilters } from "../../libbpf/attach_symbols.ts";
import { OptionStruct } from "../../libbpf/options.ts";
import { oneOf } from "../../sys/nearest.ts";
import type { Link } from "../link.ts";
import type { Attachable } from "../program.ts";
import { laterLibbpf } from "./later_libbpf.ts";

/** Where in netfilter a program is put. */
export interface NetfilterOptions {
  /** The protocols that it sees. */
  family: "ipv4" | "ipv6";
  /** Where on their way it sees packets. */
  hook: "pre_routing" | "local_in" | "forward" | "local_out" | "post_routing";
  /** Among the others of the hook; lower runs first. -2147483648 and 2147483647 are the kernel's own. */
  priority: number;
  /** Run only after packets are defragmented. */
  defragment?: boolean;
}

/** NFPROTO_IPV4 and others, and `enum nf_inet_hooks`, of include/uapi/linux/netfilter.h. */
const FAMILIES = { ipv4: 2, ipv6: 10 } as const;
const HOOKS = { pre_routing: 0, local_in: 1, forward: 2, local_out: 3, post_routing: 4 } as const;

/** BPF_F_NETFILTER_IP_DEFRAG of include/uapi/linux/bpf.h. */
const BPF_F_NETFILTER_IP_DEFRAG = 1;

/** `struct bpf_netfilter_opts` of libbpf.h: size and offsets in bytes, 1.3 to 1.7. */
const NETFILTER = { size: 24, pf: 8, hooknum: 12, priority: 16, flags: 20 };

/**
 * Attaches a program of a section `netfilter` to a hook of netfilter; Linux 6.4 and libbpf 1.3.
 *
 * @example
 * ```ts
 * import { attachNetfilter, BpfObject, hasAttachKind, libbpfVersion } from "@denobpf/denobpf";
 *
 * if (hasAttachKind("netfilter") && libbpfVersion().minor >= 3) {
 *   using object = BpfObject.open("build/tests/prog_types.bpf.o");
 *   const program = object.program("prog_netfilter");
 *   for (const other of object.programs) other.autoload = other === program;
 *   object.load();
 *   attachNetfilter(program, { family: "ipv4", hook: "local_in", priority: -128 });
 * }
 * ```
 *
 * @throws {UnsupportedError} with an earlier libbpf; {BpfError}
 */
export function attachNetfilter(program: Attachable, options: NetfilterOptions): Link {
  const hook = `netfilter ${options.family} ${options.hook}`;
  const symbol = netfilters().bpf_program__attach_netfilter;
  const attach = laterLibbpf(symbol, `attach ${program.name} to ${hook}`, "1.3");
  const struct = new OptionStruct(NETFILTER)
    .u32(NETFILTER.pf, oneOf(FAMILIES, options.family, "family of netfilter"))
    .u32(NETFILTER.hooknum, oneOf(HOOKS, options.hook, "hook of netfilter"))
    .s32(NETFILTER.priority, options.priority)
    .u32(NETFILTER.flags, options.defragment ? BPF_F_NETFILTER_IP_DEFRAG : 0);
  return program.attachTo(hook, (pointer) => attach(pointer, struct.bytes), {
    takes: ["netfilter"],
  });
}
