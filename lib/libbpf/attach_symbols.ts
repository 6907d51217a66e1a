/**
 * The functions of libbpf that attach programs, each with its declaration in bpf/libbpf.h or bpf/bpf.h.
 * One group each: a program uses one or two of them. Every one gives a `struct bpf_link *`, which is
 * freed by bpf_link__destroy, or NULL with the errno for libbpf_get_error.
 */
import { symbolGroup } from "../sys/library.ts";
import { libbpf } from "./library.ts";

export const kprobes = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_kprobe_opts(const struct bpf_program *prog, const char *func_name,
  //                                                  const struct bpf_kprobe_opts *opts)
  bpf_program__attach_kprobe_opts: {
    parameters: ["pointer", "buffer", "buffer"],
    result: "pointer",
  },
});

export const kprobeMultis = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_kprobe_multi_opts(const struct bpf_program *prog, const char *pattern,
  //                                                        const struct bpf_kprobe_multi_opts *opts)
  bpf_program__attach_kprobe_multi_opts: {
    parameters: ["pointer", "pointer", "buffer"],
    result: "pointer",
  },
});

export const ksyscalls = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_ksyscall(const struct bpf_program *prog, const char *syscall_name,
  //                                               const struct bpf_ksyscall_opts *opts)
  bpf_program__attach_ksyscall: { parameters: ["pointer", "buffer", "buffer"], result: "pointer" },
});

export const uprobes = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_uprobe_opts(const struct bpf_program *prog, pid_t pid,
  //     const char *binary_path, size_t func_offset, const struct bpf_uprobe_opts *opts)
  bpf_program__attach_uprobe_opts: {
    parameters: ["pointer", "i32", "buffer", "usize", "buffer"],
    result: "pointer",
  },
});

export const uprobeMultis = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_uprobe_multi(const struct bpf_program *prog, pid_t pid,
  //     const char *binary_path, const char *func_pattern, const struct bpf_uprobe_multi_opts *opts), 1.3
  bpf_program__attach_uprobe_multi: {
    parameters: ["pointer", "i32", "buffer", "buffer", "buffer"],
    result: "pointer",
    optional: true,
  },
});

export const usdts = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_usdt(const struct bpf_program *prog, pid_t pid,
  //     const char *binary_path, const char *usdt_provider, const char *usdt_name,
  //     const struct bpf_usdt_opts *opts)
  bpf_program__attach_usdt: {
    parameters: ["pointer", "i32", "buffer", "buffer", "buffer", "buffer"],
    result: "pointer",
  },
});

export const tracepoints = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_tracepoint_opts(const struct bpf_program *prog,
  //     const char *tp_category, const char *tp_name, const struct bpf_tracepoint_opts *opts)
  bpf_program__attach_tracepoint_opts: {
    parameters: ["pointer", "buffer", "buffer", "buffer"],
    result: "pointer",
  },
});

export const rawTracepoints = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_raw_tracepoint(const struct bpf_program *prog, const char *tp_name)
  bpf_program__attach_raw_tracepoint: { parameters: ["pointer", "buffer"], result: "pointer" },
  // struct bpf_link *bpf_program__attach_raw_tracepoint_opts(const struct bpf_program *prog,
  //     const char *tp_name, struct bpf_raw_tracepoint_opts *opts), 1.4
  bpf_program__attach_raw_tracepoint_opts: {
    parameters: ["pointer", "buffer", "buffer"],
    result: "pointer",
    optional: true,
  },
});

export const traces = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_trace_opts(const struct bpf_program *prog,
  //                                                 const struct bpf_trace_opts *opts)
  bpf_program__attach_trace_opts: { parameters: ["pointer", "buffer"], result: "pointer" },
});

export const lsms = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_lsm(const struct bpf_program *prog)
  bpf_program__attach_lsm: { parameters: ["pointer"], result: "pointer" },
});

export const freplaces = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_freplace(const struct bpf_program *prog, int target_fd,
  //                                               const char *attach_func_name)
  bpf_program__attach_freplace: { parameters: ["pointer", "i32", "buffer"], result: "pointer" },
});

export const perfEvents = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_perf_event_opts(const struct bpf_program *prog, int pfd,
  //     const struct bpf_perf_event_opts *opts); FFI: pfd belongs to the link, if there is one
  bpf_program__attach_perf_event_opts: {
    parameters: ["pointer", "i32", "buffer"],
    result: "pointer",
  },
});

export const cgroups = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_cgroup(const struct bpf_program *prog, int cgroup_fd)
  bpf_program__attach_cgroup: { parameters: ["pointer", "i32"], result: "pointer" },
});

export const cgroupOrders = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_cgroup_opts(const struct bpf_program *prog, int cgroup_fd,
  //                                                  const struct bpf_cgroup_opts *opts), 1.6
  bpf_program__attach_cgroup_opts: {
    parameters: ["pointer", "i32", "buffer"],
    result: "pointer",
    optional: true,
  },
});

export const netNamespaces = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_netns(const struct bpf_program *prog, int netns_fd)
  bpf_program__attach_netns: { parameters: ["pointer", "i32"], result: "pointer" },
});

export const iterators = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_iter(const struct bpf_program *prog,
  //                                           const struct bpf_iter_attach_opts *opts)
  bpf_program__attach_iter: { parameters: ["pointer", "buffer"], result: "pointer" },
  // int bpf_iter_create(int link_fd); FFI: the descriptor is the caller's
  bpf_iter_create: { parameters: ["i32"], result: "i32" },
});

export const tcxs = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_tcx(const struct bpf_program *prog, int ifindex,
  //                                          const struct bpf_tcx_opts *opts), 1.3
  bpf_program__attach_tcx: {
    parameters: ["pointer", "i32", "buffer"],
    result: "pointer",
    optional: true,
  },
});

export const netkits = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_netkit(const struct bpf_program *prog, int ifindex,
  //                                             const struct bpf_netkit_opts *opts), 1.3
  bpf_program__attach_netkit: {
    parameters: ["pointer", "i32", "buffer"],
    result: "pointer",
    optional: true,
  },
});

export const netfilters = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach_netfilter(const struct bpf_program *prog,
  //                                                const struct bpf_netfilter_opts *opts), 1.3
  bpf_program__attach_netfilter: {
    parameters: ["pointer", "buffer"],
    result: "pointer",
    optional: true,
  },
});

export const linkCreation = symbolGroup(libbpf, {
  // int bpf_link_create(int prog_fd, int target_fd, enum bpf_attach_type attach_type,
  //                     const struct bpf_link_create_opts *opts); FFI: the descriptor is the caller's
  bpf_link_create: { parameters: ["i32", "i32", "u32", "buffer"], result: "i32" },
});

export const directAttachment = symbolGroup(libbpf, {
  // int bpf_prog_attach(int prog_fd, int attachable_fd, enum bpf_attach_type type, unsigned int flags)
  bpf_prog_attach: { parameters: ["i32", "i32", "u32", "u32"], result: "i32" },
  // int bpf_prog_detach2(int prog_fd, int attachable_fd, enum bpf_attach_type type)
  bpf_prog_detach2: { parameters: ["i32", "i32", "u32"], result: "i32" },
});

export const trafficControl = symbolGroup(libbpf, {
  // int bpf_tc_hook_create(struct bpf_tc_hook *hook)
  bpf_tc_hook_create: { parameters: ["buffer"], result: "i32" },
  // int bpf_tc_hook_destroy(struct bpf_tc_hook *hook)
  bpf_tc_hook_destroy: { parameters: ["buffer"], result: "i32" },
  // int bpf_tc_attach(const struct bpf_tc_hook *hook, struct bpf_tc_opts *opts)
  bpf_tc_attach: { parameters: ["buffer", "buffer"], result: "i32" },
  // int bpf_tc_detach(const struct bpf_tc_hook *hook, const struct bpf_tc_opts *opts)
  bpf_tc_detach: { parameters: ["buffer", "buffer"], result: "i32" },
});

export const testRuns = symbolGroup(libbpf, {
  // int bpf_prog_test_run_opts(int prog_fd, struct bpf_test_run_opts *opts)
  bpf_prog_test_run_opts: { parameters: ["i32", "buffer"], result: "i32" },
});
