/** What libbpf reports about objects that are in the kernel, loaded by any process: bpf/bpf.h, bpf/libbpf.h. */
import { symbolGroup } from "../sys/library.ts";
import { libbpf } from "./library.ts";

export const information = symbolGroup(libbpf, {
  // int bpf_obj_get_info_by_fd(int bpf_fd, void *info, __u32 *info_len)
  bpf_obj_get_info_by_fd: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

export const programIds = symbolGroup(libbpf, {
  // int bpf_prog_get_next_id(__u32 start_id, __u32 *next_id)
  bpf_prog_get_next_id: { parameters: ["u32", "buffer"], result: "i32" },
  // int bpf_prog_get_fd_by_id(__u32 id); FFI: the descriptor is the caller's
  bpf_prog_get_fd_by_id: { parameters: ["u32"], result: "i32" },
});

export const linkIds = symbolGroup(libbpf, {
  // int bpf_link_get_next_id(__u32 start_id, __u32 *next_id)
  bpf_link_get_next_id: { parameters: ["u32", "buffer"], result: "i32" },
  // int bpf_link_get_fd_by_id(__u32 id); FFI: the descriptor is the caller's
  bpf_link_get_fd_by_id: { parameters: ["u32"], result: "i32" },
});

export const btfIds = symbolGroup(libbpf, {
  // int bpf_btf_get_next_id(__u32 start_id, __u32 *next_id)
  bpf_btf_get_next_id: { parameters: ["u32", "buffer"], result: "i32" },
  // int bpf_btf_get_fd_by_id(__u32 id); FFI: the descriptor is the caller's
  bpf_btf_get_fd_by_id: { parameters: ["u32"], result: "i32" },
});

export const pins = symbolGroup(libbpf, {
  // int bpf_obj_get(const char *pathname); FFI: the descriptor is the caller's
  bpf_obj_get: { parameters: ["buffer"], result: "i32" },
  // int bpf_obj_pin(int fd, const char *pathname)
  bpf_obj_pin: { parameters: ["i32", "buffer"], result: "i32" },
});

export const linkCalls = symbolGroup(libbpf, {
  // int bpf_link_detach(int link_fd)
  bpf_link_detach: { parameters: ["i32"], result: "i32" },
  // int bpf_link_update(int link_fd, int new_prog_fd, const struct bpf_link_update_opts *opts)
  bpf_link_update: { parameters: ["i32", "i32", "pointer"], result: "i32" },
});

export const linkNames = symbolGroup(libbpf, {
  // const char *libbpf_bpf_link_type_str(enum bpf_link_type t); FFI: static; NULL for an unknown one
  libbpf_bpf_link_type_str: { parameters: ["u32"], result: "pointer" },
});
