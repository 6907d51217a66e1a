/**
 * Where on a host things are: network namespaces and cgroups, for tools that list what exists. It stands apart
 * from mod.ts, as few tools need it.
 *
 * @module
 */
import { containerId } from "../sys/containers.ts";
import { cgroupMount, listCgroups } from "../sys/cgroups.ts";
import { fileId } from "../sys/status.ts";

export { lookInto, networkNamespaces } from "../sys/network_namespaces.ts";

/** The containers of cgroups, by the ids that the kernel has for these. */
export class ContainersById {
  #paths: Map<bigint, string> | undefined;

  /** The id of the container that a cgroup is in. The first call reads the tree of cgroups. */
  of(cgroupId: bigint): string | undefined {
    this.#paths ??= cgroupPaths();
    return containerId(this.#paths.get(cgroupId));
  }
}

function cgroupPaths(): Map<bigint, string> {
  const mount = cgroupMount();
  if (mount === undefined) return new Map();
  return new Map(
    listCgroups(mount).flatMap((path) => {
      try {
        return [[fileId(mount + path).ino, path]];
      } catch { // it is gone
        return [];
      }
    }),
  );
}
