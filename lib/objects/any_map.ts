import { E2BIG, EINVAL, ENOTSUPP, EOPNOTSUPP, EPERM } from "../sys/errno.ts";
import { u32, u64 } from "../sys/integers.ts";
import { cString, files, lastErrno, removal, textAt } from "../sys/libc.ts";
import { errorName } from "../libbpf/error.ts";
import {
  dataSections,
  mapCreates,
  mapExtras,
  mapFreezing,
  mapPins,
  mapReuse,
  maps,
  mapSettings,
  mapSizes,
  objects,
  probes,
} from "../libbpf/symbols.ts";
import { explainPin } from "./diagnosis.ts";
import { BpfError, PhaseError } from "./errors.ts";
import { isWithoutKeys } from "./misfit.ts";
import type { Lifetime } from "./lifetime.ts";

/** `enum bpf_map_type` of include/uapi/linux/bpf.h. */
const BPF_MAP_TYPE_ARRAY = 2;
const BPF_MAP_TYPE_PERCPU_ARRAY = 6;

/** What kinds of maps answer to what they cannot do. */
const UNSUPPORTED: readonly number[] = [EINVAL, EOPNOTSUPP, ENOTSUPP];

/** What the kernel compares when a map is to stand for another. */
export interface MapShape {
  /** `enum bpf_map_type` of include/uapi/linux/bpf.h. */
  readonly type: number;
  /** Size of a key in bytes. */
  readonly keySize: number;
  /** Size of a value in bytes; in a per-CPU map that of one CPU's. */
  readonly valueSize: number;
  /** How many entries there can be; for a ring buffer its size in bytes. */
  readonly maxEntries: number;
  /** `BPF_F_...` */
  readonly flags: number;
}

/** A map as such: one of an object, or one that was made or opened alone. Typed maps stand on these. */
export interface MapHandle extends MapShape {
  /** Its name. */
  readonly name: string;
  /**
   * The file descriptor.
   * @throws {PhaseError} before load and after close
   */
  readonly fd: number;
  /** What else its type asks for: see {@link AnyMap.extra}. */
  readonly extra: bigint;
  /** @internal Whether a generator took the sizes from the object itself: they are not checked again. */
  readonly trusted?: boolean;
}

/** A map of an object. */
export class ObjectMap implements MapHandle {
  #fd = -1;

  /**
   * @internal Objects make these.
   * @param pointer FFI: belongs to the object
   */
  constructor(
    readonly name: string,
    readonly pointer: Deno.PointerObject,
    readonly lifetime: Lifetime,
    readonly trusted: boolean,
  ) {}

  /** The file descriptor. */
  get fd(): number {
    this.lifetime.mustBeLoaded(`use map ${this.name}`);
    if (this.lifetime.leftOut.has(this.name)) {
      throw new PhaseError(`Cannot use map ${this.name}: it was not made, its autocreate is off`);
    }
    if (this.#fd < 0) this.#fd = maps().bpf_map__fd(this.pointer);
    return this.#fd;
  }
  get type(): number {
    return objects().bpf_map__type(this.#open());
  }
  get keySize(): number {
    return mapSizes().bpf_map__key_size(this.#open());
  }
  get valueSize(): number {
    return mapSizes().bpf_map__value_size(this.#open());
  }
  /** How many entries there can be; for a ring buffer its size in bytes. */
  get maxEntries(): number {
    return maps().bpf_map__max_entries(this.#open());
  }
  get flags(): number {
    return dataSections().bpf_map__map_flags(this.#open());
  }
  get extra(): bigint {
    return mapExtras().bpf_map__map_extra(this.#open());
  }

  #open(): Deno.PointerObject {
    this.lifetime.mustBeOpen(`read the properties of map ${this.name}`);
    return this.pointer;
  }
}

/** What every kind of map has. One typed map can be given other types: `new BpfMap(zones, key, value)`. */
export abstract class AnyMap implements MapHandle {
  readonly #handle: MapHandle;

  /** Gives a map of this kind its types. */
  constructor(map: MapHandle) {
    this.#handle = map instanceof AnyMap ? map.#handle : map;
  }

  /** Its name. */
  get name(): string {
    return this.#handle.name;
  }
  /** `enum bpf_map_type` of include/uapi/linux/bpf.h. */
  get type(): number {
    return this.#handle.type;
  }
  /** Size of a key in bytes. */
  get keySize(): number {
    return this.#handle.keySize;
  }
  /** Size of a value in bytes; in a per-CPU map that of one CPU's. */
  get valueSize(): number {
    return this.#handle.valueSize;
  }
  /** `BPF_F_...` of include/uapi/linux/bpf.h. */
  get flags(): number {
    return this.#handle.flags;
  }

  /** The file descriptor of the loaded map; it belongs to the object, or to what opened it. */
  get fd(): number {
    return this.#handle.fd;
  }

  /** How many entries there can be; for a ring buffer its size in bytes. Set before load. */
  get maxEntries(): number {
    return this.#handle.maxEntries;
  }
  set maxEntries(value: number) {
    const { pointer } = this.#settable("set the size of");
    if (u32(value, `map ${this.name}: maxEntries`) === 0) {
      throw new RangeError(`map ${this.name}: it has room for 1 entry at least, not for 0`);
    }
    this.check(mapSettings().bpf_map__set_max_entries(pointer, value), "resize");
  }

  /**
   * What else its type asks for: the number of hash functions of a bloom filter, the address of an arena
   * in user space. Set before load; Linux 5.16.
   */
  get extra(): bigint {
    return this.#handle.extra;
  }
  set extra(value: bigint) {
    const { pointer } = this.#settable("set extra of");
    this.check(
      mapExtras().bpf_map__set_map_extra(pointer, u64(value, `map ${this.name}: extra`)),
      "set extra of",
    );
  }

  /**
   * Whether `load` makes the map. Without it a program that is loaded must not come by a use of it. Set
   * before load.
   */
  get autocreate(): boolean {
    const handle = this.#handle;
    return !(handle instanceof ObjectMap && handle.lifetime.leftOut.has(handle.name));
  }
  set autocreate(value: boolean) {
    const { name, pointer, lifetime } = this.#settable("set autocreate of");
    this.check(mapCreates().bpf_map__set_autocreate(pointer, value), "set autocreate of");
    if (value) lifetime.leftOut.delete(name);
    else lifetime.leftOut.add(name);
  }

  /**
   * Where `load` pins the map; a map that is pinned there already takes its place, with its entries.
   * Undefined for nowhere. Set before load; `LIBBPF_PIN_BY_NAME` in C sets it to `/sys/fs/bpf/NAME`.
   */
  get pinPath(): string | undefined {
    const handle = this.#handle;
    if (!(handle instanceof ObjectMap)) return undefined;
    handle.lifetime.mustBeOpen(`read the pin path of map ${this.name}`);
    return textAt(mapPins().bpf_map__pin_path(handle.pointer));
  }
  set pinPath(path: string | undefined) {
    const { pointer } = this.#settable("set the pin path of");
    const text = path === undefined ? null : cString(path);
    this.check(mapPins().bpf_map__set_pin_path(pointer, text), "set the pin path of");
  }

  /**
   * Takes a map that is in the kernel already in place of this one, with its entries. Before load.
   * @throws {BpfError} EINVAL if it is of another type or size; the message says what differs
   */
  reuse(other: { readonly fd: number }): void {
    const { pointer } = this.#settable("reuse a map for");
    const different = differences(this.#handle, shapeOf(other.fd));
    if (different !== "") throw misfit(`reuse a map for ${this.name}`, different);
    this.check(mapReuse().bpf_map__reuse_fd(pointer, other.fd), "reuse a map for");
  }

  /**
   * Pins the map: it stays in the kernel, with its entries, while the file is there.
   * @param path on a bpf file system: `/sys/fs/bpf/name`
   * @throws {BpfError} EEXIST if there is such a file
   */
  pin(path: string): void {
    const result = mapPins().bpf_obj_pin(this.fd, cString(path));
    if (result < 0) throw explainPin(`pin map ${this.name} at ${path}`, -result);
  }

  /**
   * Takes the pin away.
   * @throws {BpfError} ENOENT if there is none
   */
  unpin(path: string): void {
    if (removal().unlink(cString(path)) < 0) {
      throw new BpfError(`unpin map ${this.name} at ${path}`, lastErrno());
    }
  }

  /**
   * Makes the map read-only for user space, for good; programs can still write.
   * @throws {BpfError} EBUSY if it is mapped writable, or frozen already
   */
  freeze(): void {
    this.check(mapFreezing().bpf_map_freeze(this.fd), "freeze");
  }

  /**
   * Makes an error of what a call answers.
   * @throws {BpfError} if `result` is a negative errno
   */
  protected check(result: number, action: string): void {
    if (result >= 0) return;
    const name = this.name || `(${typeName(this.type)}, without a name)`;
    throw new BpfError(`${action} map ${name}`, -result, undefined, this.#reason(-result));
  }

  /** What some errors mean for every kind of map. */
  #reason(errno: number): string | undefined {
    if (errno === E2BIG) return `it has room for ${this.maxEntries} entries only (E2BIG)`;
    if (errno === EPERM) return "it is frozen, or was made to be only read or written (EPERM)";
    const isArray = this.type === BPF_MAP_TYPE_ARRAY || this.type === BPF_MAP_TYPE_PERCPU_ARRAY;
    if (UNSUPPORTED.includes(errno) && isWithoutKeys(typeName(this.type))) {
      return `a map of type ${typeName(this.type)} has no keys (${errorName(errno)})`;
    }
    if (errno === EINVAL && isArray) return "an array has all its entries, always (EINVAL)";
  }

  #settable(action: string): ObjectMap {
    if (!(this.#handle instanceof ObjectMap)) {
      throw new PhaseError(`Cannot ${action} map ${this.name}: it is in the kernel already`);
    }
    this.#handle.lifetime.mustBeOpened(`${action} map ${this.name}`);
    return this.#handle;
  }
}

/**
 * @internal Why a map could not be made: what is pinned where it belongs may be another. libbpf only
 * says EINVAL.
 * @returns undefined if that is not the reason
 */
export function pinnedMisfit(map: ObjectMap): BpfError | undefined {
  const path = textAt(mapPins().bpf_map__pin_path(map.pointer));
  if (path === undefined) return undefined;
  const fd = mapPins().bpf_obj_get(cString(path));
  if (fd < 0) return undefined;
  try {
    const different = differences(map, shapeOf(fd));
    return different === "" ? undefined : misfit(
      `use what is pinned at ${path} as map ${map.name}`,
      different,
      `remove ${path}, or set another pin path`,
    );
  } finally {
    files().close(fd);
  }
}

function misfit(operation: string, different: string, hint?: string): BpfError {
  return new BpfError(operation, EINVAL, hint, `it does not fit: ${different}`);
}

/** In words: `key size is 8, not 4; max entries is 32, not 16`; empty if nothing differs. */
function differences(needed: MapShape, found: MapShape): string {
  const properties: [name: string, needed: string | number, found: string | number][] = [
    ["type", typeName(needed.type), typeName(found.type)],
    ["key size", needed.keySize, found.keySize],
    ["value size", needed.valueSize, found.valueSize],
    // none are declared where libbpf is to choose: as many as there are CPUs
    ["max entries", needed.maxEntries || found.maxEntries, found.maxEntries],
    ["flags", `0x${needed.flags.toString(16)}`, `0x${found.flags.toString(16)}`],
  ];
  return properties.filter(([, ours, theirs]) => ours !== theirs)
    .map(([name, ours, theirs]) => `${name} is ${theirs}, not ${ours}`).join("; ");
}

/** @internal `hash`, as libbpf calls it. */
export function typeName(type: number): string {
  return textAt(probes().libbpf_bpf_map_type_str(type)) ?? `type ${type}`;
}

/** The first six members of `struct bpf_map_info`, all `__u32`. */
function shapeOf(fd: number): MapShape {
  const info = new Uint32Array(6);
  const length = new Uint8Array(Uint32Array.of(info.byteLength).buffer);
  const { bpf_obj_get_info_by_fd } = mapPins();
  const result = bpf_obj_get_info_by_fd(fd, new Uint8Array(info.buffer), length);
  if (result < 0) throw new BpfError("ask the kernel about a map", -result);
  const [type, , keySize, valueSize, maxEntries, flags] = info;
  return { type, keySize, valueSize, maxEntries, flags };
}
