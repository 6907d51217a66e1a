import { mapIds, mapOpening } from "../libbpf/map_symbols.ts";
import { EEXIST, ENOENT } from "../sys/errno.ts";
import { tryReadTextFile } from "../sys/file.ts";
import { bytes } from "../btf/composites.ts";
import type { MapHandle } from "./any_map.ts";
import { BpfError } from "./errors.ts";
import {
  type Descriptor,
  descriptorOf,
  fillInfo,
  KernelObject,
  readAll,
  textIn,
  walkIds,
} from "./kernel_object.ts";
import { BpfMap } from "./map.ts";
import { type MapType, mapTypeName } from "./maps/map_types.ts";
import { perCpuSize } from "./per_cpu.ts";

/** What the kernel reports about a map. What an older kernel does not say is zero. */
export interface MapInfo {
  /** Its id, which nothing else of its kind has while it lives. */
  readonly id: number;
  /** As libbpf and bpftool call it: `hash`. */
  readonly type: MapType | `type ${number}`;
  /** 15 bytes of its name: the kernel keeps no more. */
  readonly name: string;
  /** Size of a key in bytes. */
  readonly keySize: number;
  /** Size of a value in bytes; in a per-CPU map that of one CPU's. */
  readonly valueSize: number;
  /** For a ring buffer its size in bytes. */
  readonly maxEntries: number;
  /** `BPF_F_...` of include/uapi/linux/bpf.h. */
  readonly flags: number;
  /** What else its type asks for: a bloom filter's number of hash functions; Linux 5.16. */
  readonly extra: bigint;
  /** Memory that it takes in the kernel, in bytes. */
  readonly memlock: number;
  /** Whether it is read-only for user space: see {@link AnyMap.freeze}. */
  readonly frozen: boolean;
  /** The id of its BTF, and the ids of the types in it; 0 where it has none. */
  readonly btfId: number;
  /** The type of its keys in that BTF. */
  readonly btfKeyTypeId: number;
  /** The type of its values in that BTF. */
  readonly btfValueTypeId: number;
  /** The type of a struct_ops map's value, in the kernel's BTF. */
  readonly btfVmlinuxValueTypeId: number;
  /** The device that it was made for, 0 if for none. */
  readonly ifindex: number;
}

/** `struct bpf_map_info` of include/uapi/linux/bpf.h: size and offsets in bytes. */
const INFO = {
  size: 88,
  type: 0,
  id: 4,
  key_size: 8,
  value_size: 12,
  max_entries: 16,
  map_flags: 20,
  name: 24,
  ifindex: 40,
  btf_vmlinux_value_type_id: 44,
  btf_id: 64,
  btf_key_type_id: 68,
  btf_value_type_id: 72,
  map_extra: 80,
};
const BPF_OBJ_NAME_LEN = 16;

/**
 * A map in the kernel, this process's or another's, until this is closed. Typed maps stand on it:
 * `new BpfMap(map, u32, u64)`.
 *
 * @example
 * ```ts
 * import { BpfMap, createMap, openMap, u32, u64 } from "@denobpf/denobpf";
 *
 * using made = createMap({ type: "hash", key: u32, value: u64, maxEntries: 16 });
 * using map = openMap(made.info().id); // or where it is pinned: "/sys/fs/bpf/counts"
 * for (const [pid, count] of new BpfMap(map, u32, u64)) console.log(pid, count);
 * ```
 */
export class KernelMap extends KernelObject implements MapHandle {
  /** Its name. */
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly flags: number;
  /** How many entries there can be; for a ring buffer its size in bytes. */
  readonly maxEntries: number;
  readonly extra: bigint;

  /** @internal {@link openMap} and {@link createMap} make these. */
  constructor(fd: number) {
    super("map", fd);
    try {
      const info = this.info();
      this.name = info.name;
      this.type = fillInfo("map", this, new Uint8Array(INFO.size)).getUint32(INFO.type, true);
      this.keySize = info.keySize;
      this.valueSize = info.valueSize;
      this.flags = info.flags;
      this.maxEntries = info.maxEntries;
      this.extra = info.extra;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * What the kernel reports about it.
   * @throws {BpfError}
   */
  info(): MapInfo {
    return mapInfo(this);
  }
}

/**
 * Opens a map of the kernel.
 * @param of where it is pinned, or its id
 * @throws {BpfError} ENOENT if there is none; PermissionError without CAP_SYS_ADMIN for an id
 *
 * @example
 * ```ts
 * import { createMap, openMap, u32, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "hash", name: "counts", key: u32, value: u64, maxEntries: 16 });
 * using same = openMap(map.info().id);
 * assertEquals(same.name, "counts");
 * ```
 */
export function openMap(of: string | number): KernelMap {
  return new KernelMap(descriptorOf("map", of, mapOpening().bpf_map_get_fd_by_id));
}

/**
 * Opens the map with this name, of which the kernel keeps 15 bytes.
 * @throws {BpfError} ENOENT if there is none, EEXIST if there are several: then open one by its id
 *
 * @example
 * ```ts
 * import { createMap, openMapByName, u32, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "hash", name: "by_name", key: u32, value: u64, maxEntries: 1 });
 * using same = openMapByName("by_name");
 * assertEquals(same.info().id, map.info().id);
 * ```
 */
export function openMapByName(name: string): KernelMap {
  const found = listMaps().filter((map) => map.name === name.slice(0, BPF_OBJ_NAME_LEN - 1));
  if (found.length === 1) return openMap(found[0].id);
  if (found.length === 0) throw new BpfError(`open map ${name}`, ENOENT);
  const ids = found.map((map) => map.id).join(", ");
  throw new BpfError(
    `open map ${name}`,
    EEXIST,
    undefined,
    `several have this name, by id: ${ids}`,
  );
}

/**
 * The ids of all maps in the kernel.
 * @throws {BpfError} PermissionError without CAP_SYS_ADMIN
 *
 * @example
 * ```ts
 * import { createMap, mapIdList, u32, u64 } from "@denobpf/denobpf";
 *
 * using map = createMap({ type: "hash", name: "counts", key: u32, value: u64, maxEntries: 16 });
 * if (!mapIdList().includes(map.info().id)) throw new Error("it is not there");
 * ```
 */
export function mapIdList(): number[] {
  return [...walkIds("map", mapIds().bpf_map_get_next_id)];
}

/**
 * What the kernel reports about all its maps, in the order of their ids.
 *
 * @example
 * ```ts
 * import { listMaps } from "@denobpf/denobpf";
 *
 * for (const { id, type, name } of listMaps()) console.log(id, type, name);
 * ```
 *
 * @throws {BpfError} PermissionError without CAP_SYS_ADMIN
 */
export function listMaps(): MapInfo[] {
  return readAll(mapIdList(), (id) => {
    using map = openMap(id);
    return map.info();
  });
}

/**
 * What the kernel reports about a map.
 * @throws {BpfError}
 *
 * @example
 * ```ts
 * import { createMap, mapInfo, u32, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "hash", name: "counts", key: u32, value: u64, maxEntries: 16 });
 * assertEquals(mapInfo(map).valueSize, 8);
 * ```
 */
export function mapInfo(map: Descriptor): MapInfo {
  const view = fillInfo("map", map, new Uint8Array(INFO.size));
  const u32 = (offset: number) => view.getUint32(offset, true);
  const fdinfo = tryReadTextFile(`/proc/self/fdinfo/${map.fd}`) ?? "";
  return {
    id: u32(INFO.id),
    type: mapTypeName(u32(INFO.type)),
    name: textIn(new Uint8Array(view.buffer, INFO.name, BPF_OBJ_NAME_LEN)),
    keySize: u32(INFO.key_size),
    valueSize: u32(INFO.value_size),
    maxEntries: u32(INFO.max_entries),
    flags: u32(INFO.map_flags),
    extra: view.getBigUint64(INFO.map_extra, true),
    memlock: Number(/^memlock:\s*(\d+)/m.exec(fdinfo)?.[1] ?? 0),
    frozen: /^frozen:\s*1/m.test(fdinfo),
    btfId: u32(INFO.btf_id),
    btfKeyTypeId: u32(INFO.btf_key_type_id),
    btfValueTypeId: u32(INFO.btf_value_type_id),
    btfVmlinuxValueTypeId: u32(INFO.btf_vmlinux_value_type_id),
    ifindex: u32(INFO.ifindex),
  };
}

/**
 * A map as keys and values of plain bytes, those of a per-CPU map one CPU's behind the other's, each
 * padded to 8 bytes: for tools that look at any map.
 *
 * @example
 * ```ts
 * import { createMap, rawMap, u32, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * using map = createMap({ type: "hash", name: "counts", key: u32, value: u64, maxEntries: 16 });
 * rawMap(map).update(Uint8Array.of(1, 0, 0, 0), new Uint8Array(8));
 * assertEquals([...rawMap(map)].length, 1);
 * ```
 */
export function rawMap(map: MapHandle): BpfMap<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new BpfMap(map, bytes(map.keySize), bytes(perCpuSize(map)));
}
