import type { Codec } from "../../btf/codec.ts";
import { s32 } from "../../btf/scalars.ts";
import { OpenFile } from "../../sys/file.ts";
import { openProcess } from "../../sys/pidfd.ts";
import { AnyMap, type MapHandle } from "../any_map.ts";
import { BpfMap, type UpdateCondition } from "../map.ts";
import { type DescriptorLike, fdOf } from "./descriptor_map.ts";
import { expectType } from "./expect.ts";
import type { MapType } from "./map_types.ts";

/**
 * Values that programs attach to tasks, files, sockets or cgroups. A value goes when what it is attached
 * to goes. The kernel finds them by a descriptor of that, and cannot list them.
 *
 * @example
 * ```ts ignore
 * console.log(skel.maps.by_task.lookup(Deno.pid)); // BPF_MAP_TYPE_TASK_STORAGE
 * console.log(skel.maps.by_cgroup.lookup("/sys/fs/cgroup/system.slice")); // BPF_MAP_TYPE_CGRP_STORAGE
 * ```
 */
export class LocalStorage<Owner, V> extends AnyMap {
  readonly #values: BpfMap<number, V>;
  readonly #open: (owner: Owner) => { readonly fd: number } & Disposable;

  /** @internal See {@link taskStorage} and the others. */
  constructor(
    map: MapHandle,
    value: Codec<V>,
    open: (owner: Owner) => { readonly fd: number } & Disposable,
    type: MapType,
  ) {
    super(map);
    expectType(map, type);
    this.#values = new BpfMap(map, s32, value);
    this.#open = open;
  }

  /**
   * The value of `owner`, or undefined.
   * @throws {SystemError} if there is no such owner
   * @throws {BpfError}
   */
  lookup(owner: Owner): V | undefined {
    using opened = this.#open(owner);
    return this.#values.lookup(opened.fd);
  }

  /**
   * Sets the value of `owner`.
   * @returns false if the condition does not hold
   * @throws {SystemError} if there is no such owner
   * @throws {BpfError}
   */
  update(owner: Owner, value: V, condition?: UpdateCondition): boolean {
    using opened = this.#open(owner);
    return this.#values.update(opened.fd, value, condition);
  }

  /**
   * Removes the value of `owner`.
   * @returns false if there was none
   * @throws {SystemError} if there is no such owner
   * @throws {BpfError}
   */
  delete(owner: Owner): boolean {
    using opened = this.#open(owner);
    return this.#values.delete(opened.fd);
  }
}

/**
 * Values of tasks, by process id (BPF_MAP_TYPE_TASK_STORAGE, Linux 5.11): those of the first thread.
 *
 * @example
 * ```ts ignore
 * const values = object.mapOf("by_task", (map) => taskStorage(map, u64));
 * console.log(values.lookup(Deno.pid));
 * ```
 */
export function taskStorage<V>(map: MapHandle, value: Codec<V>): LocalStorage<number, V> {
  return new LocalStorage(map, value, openProcess, "task_storage");
}

/**
 * Values of files, by path (BPF_MAP_TYPE_INODE_STORAGE, Linux 5.10). The kernel must have `bpf` among its
 * security modules (`lsm=` of its command line), or an update fails with EBADF.
 *
 * @example
 * ```ts ignore
 * const values = object.mapOf("by_file", (map) => inodeStorage(map, u64));
 * console.log(values.lookup("/etc/passwd"));
 * ```
 */
export function inodeStorage<V>(map: MapHandle, value: Codec<V>): LocalStorage<string, V> {
  return new LocalStorage(map, value, (path) => OpenFile.open(path), "inode_storage");
}

/**
 * Values of cgroups, by the path of their folder (BPF_MAP_TYPE_CGRP_STORAGE, Linux 6.2).
 *
 * @example
 * ```ts ignore
 * const values = object.mapOf("by_cgroup", (map) => cgroupStorage(map, u64));
 * console.log(values.lookup("/sys/fs/cgroup/system.slice"));
 * ```
 */
export function cgroupStorage<V>(map: MapHandle, value: Codec<V>): LocalStorage<string, V> {
  return new LocalStorage(map, value, (path) => OpenFile.open(path), "cgrp_storage");
}

/**
 * Values of sockets, by descriptor (BPF_MAP_TYPE_SK_STORAGE, Linux 5.2).
 *
 * @example
 * ```ts ignore
 * const values = object.mapOf("by_socket", (map) => socketStorage(map, u64));
 * console.log(values.lookup(socket));
 * ```
 */
export function socketStorage<V>(map: MapHandle, value: Codec<V>): LocalStorage<DescriptorLike, V> {
  const borrow = (socket: DescriptorLike) => ({ fd: fdOf(socket), [Symbol.dispose]() {} });
  return new LocalStorage(map, value, borrow, "sk_storage");
}
