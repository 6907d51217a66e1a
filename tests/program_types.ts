/**
 * The sections that libbpf knows, each a row of its table "Program Types and ELF Sections"
 * (Documentation/bpf/libbpf/program_types.rst in the kernel tree) or of `section_defs` in a later
 * libbpf.c. tests/kernel/program_types.test.ts holds each row to what libbpf and the kernel do, and
 * scripts/program-types.ts writes docs/program-types.md from it.
 */
import type { AttachType, ProgramType } from "#lib/mod.ts";
import type { Feature } from "./kernel/features.ts";

/** A section. */
export interface Row {
  /** As libbpf's table has it: a `+` where more may follow. */
  readonly section: string;
  readonly type: ProgramType;
  /** Kinds without attach types have none. */
  readonly attachType?: AttachType;
  /** The first libbpf that knows it, if that is later than 1.1. */
  readonly libbpf?: string;
  /** The first Linux that loads it, if that is later than 5.10. */
  readonly linux?: string;
  /** What the kernel has to be built with to load it. */
  readonly needs?: Feature;
  /** Why it is not loaded by the test of this table. */
  readonly apart?: string;
  /** Whether libbpf attaches it by itself, where its section says to what. */
  readonly auto?: boolean;
  /** What the kernel needs for that. */
  readonly attachNeeds?: Feature;
  /** What attaches it by hand. */
  readonly by?: string;
  /** The test file that has it attached and sees its events, in tests/kernel. */
  readonly events?: string;
}

const EVENTS = "attach_events.test.ts";
const KERNEL = "attach_kernel.test.ts";
const LATER = "attach_later.test.ts";
const NETWORK = "attach_network.test.ts";

const kprobe = { type: "kprobe", auto: true } as const;
const uprobeMulti = {
  ...kprobe,
  attachType: "trace_uprobe_multi",
  libbpf: "1.3",
  linux: "6.6",
  attachNeeds: "uprobe_multi",
  by: "attachUprobeMulti",
} as const;
const session = { attachType: "trace_uprobe_session", libbpf: "1.6", linux: "6.13" } as const;
const tracing = { type: "tracing", auto: true, by: "attachTrace" } as const;
const cgroup = (type: ProgramType, attachType: AttachType) => (
  { type, attachType, by: "attachCgroup" } as const
);
const address = (name: string, attachType: AttachType): Row => ({
  section: `cgroup/${name}`,
  ...cgroup("cgroup_sock_addr", attachType),
  ...(name.endsWith("_unix") ? { libbpf: "1.3", linux: "6.7" } : {}),
});

export const rows: readonly Row[] = [
  { section: "socket", type: "socket_filter", by: "attachSocket", events: NETWORK },
  {
    section: "sk_reuseport/migrate",
    type: "sk_reuseport",
    attachType: "sk_reuseport_select_or_migrate",
    linux: "5.14",
  },
  { section: "sk_reuseport", type: "sk_reuseport", attachType: "sk_reuseport_select" },

  {
    section: "kprobe+",
    ...kprobe,
    attachNeeds: "kprobe",
    by: "attachKprobe",
    events: KERNEL,
  },
  {
    section: "kretprobe+",
    ...kprobe,
    attachNeeds: "kprobe",
    by: "attachKprobe",
    events: KERNEL,
  },
  {
    section: "kprobe.multi+",
    ...kprobe,
    attachType: "trace_kprobe_multi",
    attachNeeds: "kprobe_multi",
    by: "attachKprobeMulti",
    events: KERNEL,
  },
  {
    section: "kretprobe.multi+",
    ...kprobe,
    attachType: "trace_kprobe_multi",
    attachNeeds: "kprobe_multi",
    by: "attachKprobeMulti",
  },
  {
    section: "kprobe.session+",
    ...kprobe,
    attachType: "trace_kprobe_session",
    libbpf: "1.5",
    linux: "6.10",
    attachNeeds: "kprobe_session",
    by: "attachKprobeMulti",
    events: LATER,
  },
  {
    section: "ksyscall+",
    ...kprobe,
    attachNeeds: "kprobe",
    by: "attachKsyscall",
    events: KERNEL,
  },
  {
    section: "kretsyscall+",
    ...kprobe,
    attachNeeds: "kprobe",
    by: "attachKsyscall",
    events: KERNEL,
  },
  { section: "uprobe+", ...kprobe, attachNeeds: "uprobe", by: "attachUprobe", events: EVENTS },
  { section: "uprobe.s+", ...kprobe, linux: "6.0", attachNeeds: "uprobe", by: "attachUprobe" },
  { section: "uretprobe+", ...kprobe, attachNeeds: "uprobe", by: "attachUprobe", events: EVENTS },
  { section: "uretprobe.s+", ...kprobe, linux: "6.0", attachNeeds: "uprobe", by: "attachUprobe" },
  { section: "uprobe.multi+", ...uprobeMulti, events: LATER },
  { section: "uprobe.multi.s+", ...uprobeMulti },
  { section: "uretprobe.multi+", ...uprobeMulti },
  { section: "uretprobe.multi.s+", ...uprobeMulti },
  { section: "uprobe.session+", ...uprobeMulti, ...session, events: LATER },
  { section: "uprobe.session.s+", ...uprobeMulti, ...session },
  { section: "usdt+", type: "kprobe", by: "attachUsdt", events: "attach_usdt.test.ts" },
  { section: "usdt.s+", type: "kprobe", libbpf: "1.3", linux: "6.0", by: "attachUsdt" },

  { section: "tc", type: "sched_cls", by: "attachTc", events: NETWORK },
  { section: "classifier", type: "sched_cls", by: "attachTc" },
  { section: "action", type: "sched_act" },
  {
    section: "tc/ingress",
    type: "sched_cls",
    attachType: "tcx_ingress",
    libbpf: "1.3",
    by: "attachTcx",
  },
  {
    section: "tc/egress",
    type: "sched_cls",
    attachType: "tcx_egress",
    libbpf: "1.3",
    by: "attachTcx",
  },
  {
    section: "tcx/ingress",
    type: "sched_cls",
    attachType: "tcx_ingress",
    libbpf: "1.3",
    by: "attachTcx",
    events: LATER,
  },
  {
    section: "tcx/egress",
    type: "sched_cls",
    attachType: "tcx_egress",
    libbpf: "1.3",
    by: "attachTcx",
  },
  {
    section: "netkit/primary",
    type: "sched_cls",
    attachType: "netkit_primary",
    libbpf: "1.3",
    by: "attachNetkit",
  },
  {
    section: "netkit/peer",
    type: "sched_cls",
    attachType: "netkit_peer",
    libbpf: "1.3",
    by: "attachNetkit",
  },
  {
    section: "netfilter",
    type: "netfilter",
    attachType: "netfilter",
    libbpf: "1.2",
    linux: "6.4",
    by: "attachNetfilter",
    events: LATER,
  },

  { section: "tp+", type: "tracepoint", auto: true, by: "attachTracepoint", events: EVENTS },
  { section: "tracepoint+", type: "tracepoint", auto: true, by: "attachTracepoint" },
  {
    section: "raw_tp+",
    type: "raw_tracepoint",
    auto: true,
    by: "attachRawTracepoint",
    events: EVENTS,
  },
  { section: "raw_tracepoint+", type: "raw_tracepoint", auto: true, by: "attachRawTracepoint" },
  { section: "raw_tp.w+", type: "raw_tracepoint_writable", auto: true, by: "attachRawTracepoint" },
  {
    section: "raw_tracepoint.w+",
    type: "raw_tracepoint_writable",
    auto: true,
    by: "attachRawTracepoint",
  },
  { section: "tp_btf+", ...tracing, attachType: "trace_raw_tp", events: EVENTS },
  {
    section: "fentry+",
    ...tracing,
    attachType: "trace_fentry",
    needs: "fentry",
    events: KERNEL,
  },
  {
    section: "fentry.s+",
    ...tracing,
    attachType: "trace_fentry",
    linux: "6.12",
    needs: "fentry",
  },
  { section: "fexit+", ...tracing, attachType: "trace_fexit", needs: "fentry", events: KERNEL },
  { section: "fexit.s+", ...tracing, attachType: "trace_fexit", linux: "6.12", needs: "fentry" },
  {
    section: "fmod_ret+",
    ...tracing,
    attachType: "modify_return",
    needs: "fentry",
    events: KERNEL,
  },
  {
    section: "fmod_ret.s+",
    ...tracing,
    attachType: "modify_return",
    linux: "6.12",
    needs: "fentry",
  },
  {
    section: "freplace+",
    type: "ext",
    by: "attachFreplace",
    apart: "it has to be given its target",
    events: KERNEL,
  },
  {
    section: "lsm+",
    type: "lsm",
    attachType: "lsm_mac",
    needs: "lsm",
    auto: true,
    by: "attachLsm",
    events: KERNEL,
  },
  {
    section: "lsm.s+",
    type: "lsm",
    attachType: "lsm_mac",
    linux: "5.11",
    needs: "lsm",
    auto: true,
    by: "attachLsm",
  },
  {
    section: "lsm_cgroup+",
    type: "lsm",
    attachType: "lsm_cgroup",
    linux: "6.0",
    needs: "lsm",
    by: "attachCgroup",
  },
  {
    section: "iter+",
    type: "tracing",
    attachType: "trace_iter",
    auto: true,
    by: "attachIter",
    events: "attach_iter.test.ts",
  },
  { section: "iter.s+", type: "tracing", attachType: "trace_iter", auto: true, by: "attachIter" },
  {
    section: "syscall",
    type: "syscall",
    linux: "5.14",
    by: "testRun",
    events: "program_run.test.ts",
  },
  {
    section: "struct_ops+",
    type: "struct_ops",
    apart: "it has to be a member of a struct_ops map",
  },
  {
    section: "struct_ops.s+",
    type: "struct_ops",
    libbpf: "1.2",
    apart: "it has to be a member of a struct_ops map",
  },
  { section: "perf_event", type: "perf_event", by: "attachPerfEvent", events: EVENTS },

  { section: "xdp", type: "xdp", attachType: "xdp", by: "attachXdp", events: NETWORK },
  { section: "xdp.frags", type: "xdp", attachType: "xdp", linux: "5.18", by: "attachXdp" },
  { section: "xdp/devmap", type: "xdp", attachType: "xdp_devmap" },
  { section: "xdp.frags/devmap", type: "xdp", attachType: "xdp_devmap", linux: "5.18" },
  { section: "xdp/cpumap", type: "xdp", attachType: "xdp_cpumap" },
  { section: "xdp.frags/cpumap", type: "xdp", attachType: "xdp_cpumap", linux: "5.18" },

  { section: "lwt_in", type: "lwt_in" },
  { section: "lwt_out", type: "lwt_out" },
  { section: "lwt_xmit", type: "lwt_xmit" },
  { section: "lwt_seg6local", type: "lwt_seg6local" },
  {
    section: "lirc_mode2",
    type: "lirc_mode2",
    attachType: "lirc_mode2",
    apart: "no kernel of the matrix is built with CONFIG_BPF_LIRC_MODE2",
  },
  {
    section: "flow_dissector",
    type: "flow_dissector",
    attachType: "flow_dissector",
    by: "attachNetns",
  },
  {
    section: "sk_lookup",
    type: "sk_lookup",
    attachType: "sk_lookup",
    by: "attachNetns",
    events: NETWORK,
  },
  {
    section: "sk_msg",
    type: "sk_msg",
    attachType: "sk_msg_verdict",
    by: "attachSockmap",
    events: NETWORK,
  },
  { section: "sk_skb", type: "sk_skb", by: "attachSockmap" },
  {
    section: "sk_skb/stream_parser",
    type: "sk_skb",
    attachType: "sk_skb_stream_parser",
    by: "attachSockmap",
  },
  {
    section: "sk_skb/stream_verdict",
    type: "sk_skb",
    attachType: "sk_skb_stream_verdict",
    by: "attachSockmap",
  },
  {
    section: "sk_skb/verdict",
    type: "sk_skb",
    attachType: "sk_skb_verdict",
    libbpf: "1.4",
    linux: "5.13",
    by: "attachSockmap",
  },
  { section: "sockops", ...cgroup("sock_ops", "cgroup_sock_ops") },

  { section: "cgroup/skb", type: "cgroup_skb", by: "attachCgroup" },
  { section: "cgroup_skb/ingress", ...cgroup("cgroup_skb", "cgroup_inet_ingress") },
  { section: "cgroup_skb/egress", ...cgroup("cgroup_skb", "cgroup_inet_egress") },
  { section: "cgroup/sock", ...cgroup("cgroup_sock", "cgroup_inet_sock_create") },
  {
    section: "cgroup/sock_create",
    ...cgroup("cgroup_sock", "cgroup_inet_sock_create"),
    events: NETWORK,
  },
  { section: "cgroup/sock_release", ...cgroup("cgroup_sock", "cgroup_inet_sock_release") },
  { section: "cgroup/post_bind4", ...cgroup("cgroup_sock", "cgroup_inet4_post_bind") },
  { section: "cgroup/post_bind6", ...cgroup("cgroup_sock", "cgroup_inet6_post_bind") },
  address("bind4", "cgroup_inet4_bind"),
  address("bind6", "cgroup_inet6_bind"),
  address("connect4", "cgroup_inet4_connect"),
  address("connect6", "cgroup_inet6_connect"),
  address("connect_unix", "cgroup_unix_connect"),
  address("sendmsg4", "cgroup_udp4_sendmsg"),
  address("sendmsg6", "cgroup_udp6_sendmsg"),
  address("sendmsg_unix", "cgroup_unix_sendmsg"),
  address("recvmsg4", "cgroup_udp4_recvmsg"),
  address("recvmsg6", "cgroup_udp6_recvmsg"),
  address("recvmsg_unix", "cgroup_unix_recvmsg"),
  address("getpeername4", "cgroup_inet4_getpeername"),
  address("getpeername6", "cgroup_inet6_getpeername"),
  address("getpeername_unix", "cgroup_unix_getpeername"),
  address("getsockname4", "cgroup_inet4_getsockname"),
  address("getsockname6", "cgroup_inet6_getsockname"),
  address("getsockname_unix", "cgroup_unix_getsockname"),
  { section: "cgroup/sysctl", ...cgroup("cgroup_sysctl", "cgroup_sysctl") },
  { section: "cgroup/getsockopt", ...cgroup("cgroup_sockopt", "cgroup_getsockopt") },
  { section: "cgroup/setsockopt", ...cgroup("cgroup_sockopt", "cgroup_setsockopt") },
  { section: "cgroup/dev", ...cgroup("cgroup_device", "cgroup_device") },
];

/** The program of a row in tests/fixtures/prog_types.bpf.c. */
export function programOf({ section }: Row): string {
  return `prog_${section.replace("+", "").replace(/\W/g, "_")}`;
}
