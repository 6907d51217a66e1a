/**
 * The functions of libbpf, each with its declaration in bpf/libbpf.h, bpf/bpf.h or bpf/btf.h. A group
 * holds what is called together, so that a tool opens no symbol that it does not use.
 */
import { hotSymbols, symbolGroup } from "../sys/library.ts";
import { libbpf } from "./library.ts";

export const errors = symbolGroup(libbpf, {
  // long libbpf_get_error(const void *ptr); with NULL: -errno of the last call
  libbpf_get_error: { parameters: ["pointer"], result: "i64" },
});

export const printing = symbolGroup(libbpf, {
  // libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn)
  libbpf_set_print: { parameters: ["function"], result: "pointer" },
});

export const objects = symbolGroup(libbpf, {
  // struct bpf_object *bpf_object__open_mem(const void *obj, size_t size, const struct bpf_object_open_opts *opts)
  // FFI: libbpf copies the bytes; the object is freed by bpf_object__close
  bpf_object__open_mem: { parameters: ["buffer", "usize", "buffer"], result: "pointer" },
  // int bpf_object__load(struct bpf_object *obj)
  bpf_object__load: { parameters: ["pointer"], result: "i32" },
  // void bpf_object__close(struct bpf_object *obj)
  bpf_object__close: { parameters: ["pointer"], result: "void" },
  // struct bpf_program *bpf_object__next_program(const struct bpf_object *obj, struct bpf_program *prog)
  bpf_object__next_program: { parameters: ["pointer", "pointer"], result: "pointer" },
  // struct bpf_map *bpf_object__next_map(const struct bpf_object *obj, const struct bpf_map *map)
  bpf_object__next_map: { parameters: ["pointer", "pointer"], result: "pointer" },
  // const char *bpf_program__name(const struct bpf_program *prog); FFI: belongs to the program
  bpf_program__name: { parameters: ["pointer"], result: "pointer" },
  // const char *bpf_map__name(const struct bpf_map *map); FFI: belongs to the map
  bpf_map__name: { parameters: ["pointer"], result: "pointer" },
  // enum bpf_map_type bpf_map__type(const struct bpf_map *map)
  bpf_map__type: { parameters: ["pointer"], result: "u32" },
  // int bpf_map__set_value_size(struct bpf_map *map, __u32 size)
  bpf_map__set_value_size: { parameters: ["pointer", "u32"], result: "i32" },
});

export const programs = symbolGroup(libbpf, {
  // struct bpf_link *bpf_program__attach(const struct bpf_program *prog); FFI: freed by bpf_link__destroy
  bpf_program__attach: { parameters: ["pointer"], result: "pointer" },
  // bool bpf_program__autoload(const struct bpf_program *prog)
  bpf_program__autoload: { parameters: ["pointer"], result: "bool" },
  // enum bpf_prog_type bpf_program__type(const struct bpf_program *prog)
  bpf_program__type: { parameters: ["pointer"], result: "u32" },
});

export const programDetails = symbolGroup(libbpf, {
  // const char *bpf_program__section_name(const struct bpf_program *prog); FFI: belongs to the program
  bpf_program__section_name: { parameters: ["pointer"], result: "pointer" },
  // int bpf_program__set_autoload(struct bpf_program *prog, bool autoload)
  bpf_program__set_autoload: { parameters: ["pointer", "bool"], result: "i32" },
  // bool bpf_program__autoattach(const struct bpf_program *prog)
  bpf_program__autoattach: { parameters: ["pointer"], result: "bool" },
  // void bpf_program__set_autoattach(struct bpf_program *prog, bool autoattach)
  bpf_program__set_autoattach: { parameters: ["pointer", "bool"], result: "void" },
  // int bpf_program__fd(const struct bpf_program *prog)
  bpf_program__fd: { parameters: ["pointer"], result: "i32" },
});

export const programSettings = symbolGroup(libbpf, {
  // int bpf_program__set_type(struct bpf_program *prog, enum bpf_prog_type type)
  bpf_program__set_type: { parameters: ["pointer", "u32"], result: "i32" },
  // enum bpf_attach_type bpf_program__expected_attach_type(const struct bpf_program *prog)
  bpf_program__expected_attach_type: { parameters: ["pointer"], result: "u32" },
  // int bpf_program__set_expected_attach_type(struct bpf_program *prog, enum bpf_attach_type type)
  bpf_program__set_expected_attach_type: { parameters: ["pointer", "u32"], result: "i32" },
  // int bpf_program__set_attach_target(struct bpf_program *prog, int attach_prog_fd, const char *attach_func_name)
  bpf_program__set_attach_target: { parameters: ["pointer", "i32", "buffer"], result: "i32" },
  // __u32 bpf_program__flags(const struct bpf_program *prog)
  bpf_program__flags: { parameters: ["pointer"], result: "u32" },
  // int bpf_program__set_flags(struct bpf_program *prog, __u32 flags)
  bpf_program__set_flags: { parameters: ["pointer", "u32"], result: "i32" },
  // __u32 bpf_program__log_level(const struct bpf_program *prog)
  bpf_program__log_level: { parameters: ["pointer"], result: "u32" },
  // int bpf_program__set_log_level(struct bpf_program *prog, __u32 log_level)
  bpf_program__set_log_level: { parameters: ["pointer", "u32"], result: "i32" },
  // size_t bpf_program__insn_cnt(const struct bpf_program *prog)
  bpf_program__insn_cnt: { parameters: ["pointer"], result: "usize" },
});

export const programPins = symbolGroup(libbpf, {
  // int bpf_program__pin(struct bpf_program *prog, const char *path)
  bpf_program__pin: { parameters: ["pointer", "buffer"], result: "i32" },
  // int bpf_program__unpin(struct bpf_program *prog, const char *path)
  bpf_program__unpin: { parameters: ["pointer", "buffer"], result: "i32" },
});

export const typeNames = symbolGroup(libbpf, {
  // const char *libbpf_bpf_prog_type_str(enum bpf_prog_type t); FFI: static; NULL for an unknown one
  libbpf_bpf_prog_type_str: { parameters: ["u32"], result: "pointer" },
  // const char *libbpf_bpf_attach_type_str(enum bpf_attach_type t); FFI: static; NULL for an unknown one
  libbpf_bpf_attach_type_str: { parameters: ["u32"], result: "pointer" },
});

export const links = symbolGroup(libbpf, {
  // int bpf_link__destroy(struct bpf_link *link)
  bpf_link__destroy: { parameters: ["pointer"], result: "i32" },
});

export const linksLater = symbolGroup(libbpf, {
  // int bpf_link__destroy(struct bpf_link *link); off this thread: a classic tracepoint takes 70 ms
  bpf_link__destroy: { parameters: ["pointer"], result: "i32", nonblocking: true },
});

export const linkDetails = symbolGroup(libbpf, {
  // int bpf_link__fd(const struct bpf_link *link)
  bpf_link__fd: { parameters: ["pointer"], result: "i32" },
  // int bpf_link__update_program(struct bpf_link *link, struct bpf_program *prog)
  bpf_link__update_program: { parameters: ["pointer", "pointer"], result: "i32" },
  // int bpf_link__detach(struct bpf_link *link)
  bpf_link__detach: { parameters: ["pointer"], result: "i32" },
  // int bpf_link__pin(struct bpf_link *link, const char *path)
  bpf_link__pin: { parameters: ["pointer", "buffer"], result: "i32" },
  // int bpf_link__unpin(struct bpf_link *link)
  bpf_link__unpin: { parameters: ["pointer"], result: "i32" },
});

export const maps = symbolGroup(libbpf, {
  // int bpf_map__fd(const struct bpf_map *map)
  bpf_map__fd: { parameters: ["pointer"], result: "i32" },
  // __u32 bpf_map__max_entries(const struct bpf_map *map)
  bpf_map__max_entries: { parameters: ["pointer"], result: "u32" },
});

export const mapSizes = symbolGroup(libbpf, {
  // __u32 bpf_map__key_size(const struct bpf_map *map)
  bpf_map__key_size: { parameters: ["pointer"], result: "u32" },
  // __u32 bpf_map__value_size(const struct bpf_map *map)
  bpf_map__value_size: { parameters: ["pointer"], result: "u32" },
});

export const mapSettings = symbolGroup(libbpf, {
  // int bpf_map__set_max_entries(struct bpf_map *map, __u32 max_entries)
  bpf_map__set_max_entries: { parameters: ["pointer", "u32"], result: "i32" },
});

export const mapExtras = symbolGroup(libbpf, {
  // __u64 bpf_map__map_extra(const struct bpf_map *map)
  bpf_map__map_extra: { parameters: ["pointer"], result: "u64" },
  // int bpf_map__set_map_extra(struct bpf_map *map, __u64 map_extra)
  bpf_map__set_map_extra: { parameters: ["pointer", "u64"], result: "i32" },
});

export const mapCreates = symbolGroup(libbpf, {
  // int bpf_map__set_autocreate(struct bpf_map *map, bool autocreate)
  bpf_map__set_autocreate: { parameters: ["pointer", "bool"], result: "i32" },
});

export const mapReuse = symbolGroup(libbpf, {
  // int bpf_map__reuse_fd(struct bpf_map *map, int fd); FFI: the map keeps a duplicate of the descriptor
  bpf_map__reuse_fd: { parameters: ["pointer", "i32"], result: "i32" },
});

export const mapPins = symbolGroup(libbpf, {
  // int bpf_map__set_pin_path(struct bpf_map *map, const char *path); FFI: libbpf copies the path
  bpf_map__set_pin_path: { parameters: ["pointer", "buffer"], result: "i32" },
  // const char *bpf_map__pin_path(const struct bpf_map *map); FFI: belongs to the map
  bpf_map__pin_path: { parameters: ["pointer"], result: "pointer" },
  // int bpf_obj_pin(int fd, const char *pathname)
  bpf_obj_pin: { parameters: ["i32", "buffer"], result: "i32" },
  // int bpf_obj_get(const char *pathname); FFI: the descriptor is the caller's
  bpf_obj_get: { parameters: ["buffer"], result: "i32" },
  // int bpf_obj_get_info_by_fd(int bpf_fd, void *info, __u32 *info_len)
  bpf_obj_get_info_by_fd: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

export const mapFreezing = symbolGroup(libbpf, {
  // int bpf_map_freeze(int fd)
  bpf_map_freeze: { parameters: ["i32"], result: "i32" },
});

export const mapTypes = symbolGroup(libbpf, {
  // __u32 bpf_map__btf_key_type_id(const struct bpf_map *map)
  bpf_map__btf_key_type_id: { parameters: ["pointer"], result: "u32" },
  // __u32 bpf_map__btf_value_type_id(const struct bpf_map *map)
  bpf_map__btf_value_type_id: { parameters: ["pointer"], result: "u32" },
  // bool bpf_map__is_internal(const struct bpf_map *map)
  bpf_map__is_internal: { parameters: ["pointer"], result: "bool" },
});

export const innerMaps = symbolGroup(libbpf, {
  // struct bpf_map *bpf_map__inner_map(struct bpf_map *map); FFI: belongs to the map
  bpf_map__inner_map: { parameters: ["pointer"], result: "pointer" },
});

export const dataSections = symbolGroup(libbpf, {
  // void *bpf_map__initial_value(const struct bpf_map *map, size_t *psize); FFI: belongs to the map
  // (1.0 to 1.4 declare the map without const)
  bpf_map__initial_value: { parameters: ["pointer", "buffer"], result: "pointer" },
  // __u32 bpf_map__map_flags(const struct bpf_map *map)
  bpf_map__map_flags: { parameters: ["pointer"], result: "u32" },
});

export const mapElements = hotSymbols(libbpf, {
  // int bpf_map_lookup_elem(int fd, const void *key, void *value)
  bpf_map_lookup_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
  bpf_map_update_elem: { parameters: ["i32", "buffer", "buffer", "u64"], result: "i32" },
  // int bpf_map_delete_elem(int fd, const void *key)
  bpf_map_delete_elem: { parameters: ["i32", "buffer"], result: "i32" },
});

export const mapWalk = hotSymbols(libbpf, {
  // int bpf_map_get_next_key(int fd, const void *key, void *next_key)
  bpf_map_get_next_key: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_map_lookup_elem(int fd, const void *key, void *value)
  bpf_map_lookup_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

export const mapBatches = hotSymbols(libbpf, {
  // int bpf_map_lookup_batch(int fd, void *in_batch, void *out_batch, void *keys, void *values,
  //                          __u32 *count, const struct bpf_map_batch_opts *opts)
  bpf_map_lookup_batch: {
    parameters: ["i32", "buffer", "buffer", "buffer", "buffer", "buffer", "pointer"],
    result: "i32",
  },
});

export const mapBatchWrites = hotSymbols(libbpf, {
  // int bpf_map_update_batch(int fd, const void *keys, const void *values, __u32 *count,
  //                          const struct bpf_map_batch_opts *opts)
  bpf_map_update_batch: {
    parameters: ["i32", "buffer", "buffer", "buffer", "pointer"],
    result: "i32",
  },
  // int bpf_map_delete_batch(int fd, const void *keys, __u32 *count, const struct bpf_map_batch_opts *opts)
  bpf_map_delete_batch: { parameters: ["i32", "buffer", "buffer", "pointer"], result: "i32" },
});

export const mapDrains = hotSymbols(libbpf, {
  // int bpf_map_lookup_and_delete_batch(int fd, void *in_batch, void *out_batch, void *keys, void *values,
  //                                     __u32 *count, const struct bpf_map_batch_opts *opts)
  bpf_map_lookup_and_delete_batch: {
    parameters: ["i32", "buffer", "buffer", "buffer", "buffer", "buffer", "pointer"],
    result: "i32",
  },
});

export const mapTakes = hotSymbols(libbpf, {
  // int bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value)
  bpf_map_lookup_and_delete_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

export const cpus = symbolGroup(libbpf, {
  // int libbpf_num_possible_cpus(void)
  libbpf_num_possible_cpus: { parameters: [], result: "i32" },
});

export const typeInformation = symbolGroup(libbpf, {
  // struct btf *bpf_object__btf(const struct bpf_object *obj); FFI: belongs to the object
  bpf_object__btf: { parameters: ["pointer"], result: "pointer" },
  // const void *btf__raw_data(const struct btf *btf, __u32 *size); FFI: belongs to the BTF
  btf__raw_data: { parameters: ["pointer", "buffer"], result: "pointer" },
});

export const probes = symbolGroup(libbpf, {
  // int libbpf_probe_bpf_prog_type(enum bpf_prog_type prog_type, const void *opts); opts must be NULL
  libbpf_probe_bpf_prog_type: { parameters: ["u32", "pointer"], result: "i32" },
  // int libbpf_probe_bpf_map_type(enum bpf_map_type map_type, const void *opts); opts must be NULL
  libbpf_probe_bpf_map_type: { parameters: ["u32", "pointer"], result: "i32" },
  // const char *libbpf_bpf_prog_type_str(enum bpf_prog_type t); FFI: static; NULL for an unknown one
  libbpf_bpf_prog_type_str: { parameters: ["u32"], result: "pointer" },
  // const char *libbpf_bpf_map_type_str(enum bpf_map_type t); FFI: static; NULL for an unknown one
  libbpf_bpf_map_type_str: { parameters: ["u32"], result: "pointer" },
});
