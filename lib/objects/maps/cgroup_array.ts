import { u32 } from "../../btf/scalars.ts";
import { OpenFile } from "../../sys/file.ts";
import type { MapHandle } from "../any_map.ts";
import { type DescriptorLike, DescriptorMap } from "./descriptor_map.ts";

/**
 * Cgroups that a program compares with bpf_current_task_under_cgroup() and bpf_skb_under_cgroup()
 * (BPF_MAP_TYPE_CGROUP_ARRAY). The kernel does not say what is in it.
 *
 * @example
 * ```ts
 * import { CgroupArray, createMap, u32 } from "@denobpf/denobpf";
 *
 * const [, root] = /^\S+ (\S+) cgroup2 /m.exec(Deno.readTextFileSync("/proc/mounts"))!;
 * using map = createMap({ type: "cgroup_array", key: u32, value: u32, maxEntries: 4 });
 * new CgroupArray(map).set(0, root);
 * ```
 */
export class CgroupArray extends DescriptorMap<number> {
  /**
   * Gives a map of this kind its types.
   * @throws {TypeError} if the map is of another type
   */
  constructor(map: MapHandle) {
    super(map, u32, "cgroup_array");
  }

  /**
   * Puts a cgroup in, by the path of its folder or a descriptor of that.
   * @throws {SystemError} if the folder cannot be opened
   * @throws {BpfError} EBADF if it is no cgroup of version 2
   */
  override set(index: number, cgroup: string | DescriptorLike): void {
    if (typeof cgroup !== "string") return super.set(index, cgroup);
    using folder = OpenFile.open(cgroup);
    super.set(index, folder);
  }
}
