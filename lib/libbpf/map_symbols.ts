/** What libbpf does with maps apart from objects, and with the rare kinds: bpf/bpf.h, bpf/libbpf.h. */
import { symbolGroup } from "../sys/library.ts";
import { libbpf } from "./library.ts";

export const mapIds = symbolGroup(libbpf, {
  // int bpf_map_get_next_id(__u32 start_id, __u32 *next_id)
  bpf_map_get_next_id: { parameters: ["u32", "buffer"], result: "i32" },
});

export const mapOpening = symbolGroup(libbpf, {
  // int bpf_map_get_fd_by_id(__u32 id); FFI: the descriptor is the caller's
  bpf_map_get_fd_by_id: { parameters: ["u32"], result: "i32" },
});

export const mapNames = symbolGroup(libbpf, {
  // const char *libbpf_bpf_map_type_str(enum bpf_map_type t); FFI: static; NULL for an unknown one
  libbpf_bpf_map_type_str: { parameters: ["u32"], result: "pointer" },
});

export const mapCreation = symbolGroup(libbpf, {
  // int bpf_map_create(enum bpf_map_type map_type, const char *map_name, __u32 key_size, __u32 value_size,
  //                    __u32 max_entries, const struct bpf_map_create_opts *opts)
  // FFI: the descriptor is the caller's
  bpf_map_create: {
    parameters: ["u32", "buffer", "u32", "u32", "u32", "buffer"],
    result: "i32",
  },
});

export const mapValues = symbolGroup(libbpf, {
  // int bpf_map_lookup_elem(int fd, const void *key, void *value); a key may be NULL
  bpf_map_lookup_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
  bpf_map_update_elem: { parameters: ["i32", "buffer", "buffer", "u64"], result: "i32" },
  // int bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value)
  bpf_map_lookup_and_delete_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

export const innerSettings = symbolGroup(libbpf, {
  // int bpf_map__set_inner_map_fd(struct bpf_map *map, int fd); FFI: libbpf closes a duplicate of its own
  bpf_map__set_inner_map_fd: { parameters: ["pointer", "i32"], result: "i32" },
});

export const structOps = symbolGroup(libbpf, {
  // struct bpf_link *bpf_map__attach_struct_ops(const struct bpf_map *map); FFI: freed by bpf_link__destroy
  bpf_map__attach_struct_ops: { parameters: ["pointer"], result: "pointer" },
});
