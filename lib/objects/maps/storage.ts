import type { Codec } from "../../btf/codec.ts";
import { s32 } from "../../btf/scalars.ts";
import { OpenFile } from "../../sys/file.ts";
import { openProcess } from "../../sys/pidfd.ts";
import { AnyMap, type MapHandle } from "../any_map.ts";
import { BpfMap, type UpdateCondition } from "../map.ts";
import { type DescriptorLike, fdOf } from "./descriptor_map.ts";
import { expectType } from "./expected_types.ts";
import type { MapType } from "./map_types.ts";

/**
 * Values that programs attach to tasks, files, sockets or cgroups. A value goes when what it is attached
 * to goes. The kernel finds them by a descriptor of that, and cannot list them.
 *
 * @example
 * ```ts
 * import { BpfObject, mapKinds, taskStorage, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const kinds = mapKinds().filter(({ name }) => /^(task|sk|inode|cgrp)_storage$/.test(name));
 * if (kinds.every(({ supported }) => supported)) {
 *   using object = BpfObject.open("build/tests/maps_storage.bpf.o"); // with a map of each
 *   const count = { ...u64, size: 16 }; // the first member of its values
 *   const counts = object.mapOf("by_task", (map) => taskStorage(map, count));
 *   object.load();
 *   assertEquals(counts.update(Deno.pid, 7n, "exist"), false); // there was none
 *   assertEquals(counts.update(Deno.pid, 7n, "noexist"), true);
 *   assertEquals(counts.delete(Deno.pid), true);
 * }
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
 * ```ts
 * import { BpfObject, mapKinds, taskStorage, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const kinds = mapKinds().filter(({ name }) => /^(task|sk|inode|cgrp)_storage$/.test(name));
 * if (kinds.every(({ supported }) => supported)) {
 *   using object = BpfObject.open("build/tests/maps_storage.bpf.o"); // with a map of each
 *   const count = { ...u64, size: 16 }; // the first member of its values
 *   const counts = object.mapOf("by_task", (map) => taskStorage(map, count));
 *   object.load();
 *   counts.update(Deno.pid, 7n);
 *   assertEquals(counts.lookup(Deno.pid), 7n);
 * }
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
 * ```ts
 * import { BpfObject, hasAttachKind, inodeStorage, mapKinds, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const kinds = mapKinds().filter(({ name }) => /^(task|sk|inode|cgrp)_storage$/.test(name));
 * if (kinds.every(({ supported }) => supported) && hasAttachKind("lsm")) {
 *   using object = BpfObject.open("build/tests/maps_storage.bpf.o"); // with a map of each
 *   const count = { ...u64, size: 16 }; // the first member of its values
 *   const counts = object.mapOf("by_file", (map) => inodeStorage(map, count));
 *   object.load();
 *   counts.update("/etc/passwd", 7n);
 *   assertEquals(counts.lookup("/etc/passwd"), 7n);
 * }
 * ```
 */
export function inodeStorage<V>(map: MapHandle, value: Codec<V>): LocalStorage<string, V> {
  return new LocalStorage(map, value, (path) => OpenFile.open(path), "inode_storage");
}

/**
 * Values of cgroups, by the path of their folder (BPF_MAP_TYPE_CGRP_STORAGE, Linux 6.2).
 *
 * @example
 * ```ts
 * import { BpfObject, cgroupStorage, mapKinds, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const [, root] = /^\S+ (\S+) cgroup2 /m.exec(Deno.readTextFileSync("/proc/mounts"))!;
 * const kinds = mapKinds().filter(({ name }) => /^(task|sk|inode|cgrp)_storage$/.test(name));
 * if (kinds.every(({ supported }) => supported)) {
 *   using object = BpfObject.open("build/tests/maps_storage.bpf.o"); // with a map of each
 *   const count = { ...u64, size: 16 }; // the first member of its values
 *   const counts = object.mapOf("by_cgroup", (map) => cgroupStorage(map, count));
 *   object.load();
 *   counts.update(root, 7n);
 *   assertEquals(counts.lookup(root), 7n);
 * }
 * ```
 */
export function cgroupStorage<V>(map: MapHandle, value: Codec<V>): LocalStorage<string, V> {
  return new LocalStorage(map, value, (path) => OpenFile.open(path), "cgrp_storage");
}

/**
 * Values of sockets, by descriptor (BPF_MAP_TYPE_SK_STORAGE, Linux 5.2).
 *
 * @example
 * ```ts
 * import { BpfObject, mapKinds, PacketSocket, socketStorage, u64 } from "@denobpf/denobpf";
 * import { assertEquals } from "@std/assert";
 *
 * const kinds = mapKinds().filter(({ name }) => /^(task|sk|inode|cgrp)_storage$/.test(name));
 * if (kinds.every(({ supported }) => supported)) {
 *   using object = BpfObject.open("build/tests/maps_storage.bpf.o"); // with a map of each
 *   const count = { ...u64, size: 16 }; // the first member of its values
 *   const counts = object.mapOf("by_socket", (map) => socketStorage(map, count));
 *   object.load();
 *   using socket = new PacketSocket("lo");
 *   counts.update(socket, 7n);
 *   assertEquals(counts.lookup(socket), 7n);
 * }
 * ```
 */
export function socketStorage<V>(map: MapHandle, value: Codec<V>): LocalStorage<DescriptorLike, V> {
  const borrow = (socket: DescriptorLike) => ({ fd: fdOf(socket), [Symbol.dispose]() {} });
  return new LocalStorage(map, value, borrow, "sk_storage");
}
