import { dataSections, innerMaps, mapSizes, mapTypes, objects } from "../libbpf/symbols.ts";

/** What is known of a map before it is loaded. */
export interface MapDescription {
  /** Its name. */
  readonly name: string;
  /** `enum bpf_map_type`. */
  readonly type: number;
  /** Size of a key in bytes. */
  readonly keySize: number;
  /** Size of a value in bytes. */
  readonly valueSize: number;
  /** BTF type ids, 0 where the map declares none. */
  readonly keyTypeId: number;
  /** The BTF type of its values, 0 where it declares none. */
  readonly valueTypeId: number;
  /** `BPF_F_...` of include/uapi/linux/bpf.h. */
  readonly flags: number;
  /** Whether libbpf made it for a data section. */
  readonly internal: boolean;
  /** For a map of maps: what those are like. */
  readonly inner?: MapDescription;
}

/** @internal Describes a map of an object that is open. */
export function describeMap(name: string, map: Deno.PointerObject): MapDescription {
  const inner = innerMaps().bpf_map__inner_map(map);
  return {
    name,
    type: objects().bpf_map__type(map),
    keySize: mapSizes().bpf_map__key_size(map),
    valueSize: mapSizes().bpf_map__value_size(map),
    keyTypeId: mapTypes().bpf_map__btf_key_type_id(map),
    valueTypeId: mapTypes().bpf_map__btf_value_type_id(map),
    flags: dataSections().bpf_map__map_flags(map),
    internal: mapTypes().bpf_map__is_internal(map),
    inner: inner === null ? undefined : describeMap(`${name}.inner`, inner),
  };
}
