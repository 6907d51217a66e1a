import type { file_name } from "#skel/cachetop.ts";
import { decodePath, diskName } from "#lib/tool/mod.ts";
import { MountPoints } from "#lib/tool/file_systems.ts";
import type { FileName } from "./members.ts";

/** Names of files by their inodes: the kernel half has paths within file systems. */
export class FileNames {
  readonly #mounts = new MountPoints();

  /** What a file is called, as the host sees it. @param dev its file system, as the kernel's dev_t */
  of({ size, rdev, fs, parts }: file_name, dev: number): FileName {
    if (rdev !== 0) return { path: `/dev/${diskName(rdev)}`, fs };
    if (size === 0) return { path: undefined, fs };
    const inner = decodePath(parts, 0, size);
    const mount = this.#mounts.of(dev);
    if (mount === undefined || mount === "/") return { path: inner, fs };
    return { path: inner === "/" ? mount : mount + inner, fs };
  }
}
