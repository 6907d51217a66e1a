/** Control groups, version 2: see cgroups(7) and Documentation/admin-guide/cgroup-v2.rst. */
import { tryReadDirectory } from "./directory.ts";
import { tryReadTextFile } from "./file.ts";
import { unescapeOctal } from "./mounts.ts";
import { fileExists, fileId } from "./status.ts";

/** Where the cgroup2 file system is mounted, or undefined while it is not. */
export function cgroupMount(): string | undefined {
  return mountPoints(tryReadTextFile("/proc/self/mountinfo") ?? "", "cgroup2")[0];
}

/**
 * Where file systems of a type are mounted.
 * @param mountinfo the text of /proc/PID/mountinfo, see proc_pid_mountinfo(5)
 */
export function mountPoints(mountinfo: string, type: string): string[] {
  return mountinfo.split("\n")
    .map((line) => line.split(" "))
    // Optional fields come before the dash, the type comes after it.
    .filter((fields) => fields.includes("-", 6) && fields[fields.indexOf("-", 6) + 1] === type)
    .map((fields) => unescapeOctal(fields[4]));
}

/** Whether `path` is the directory of a cgroup: each one, the root too, has this file. */
export function isCgroup(path: string): boolean {
  return fileExists(`${path}/cgroup.controllers`);
}

/** PROC_CGROUP_INIT_INO of include/linux/proc_ns.h: the cgroup namespace of the host. */
const HOST_CGROUPNS = 0xefff_fffbn;

/**
 * How deep a cgroup lies below the root of all cgroups, which is 0. Undefined where that cannot be seen: in a
 * cgroup namespace, whose mount begins further down, and for paths that do not begin at the mount.
 */
export function cgroupLevel(directory: string): number | undefined {
  const mount = cgroupMount();
  if (mount === undefined || fileId("/proc/self/ns/cgroup").ino !== HOST_CGROUPNS) return undefined;
  if (directory !== mount && !directory.startsWith(`${mount}/`)) return undefined;
  const parts = directory.slice(mount.length).split("/").filter((part) =>
    part !== "" && part !== "."
  );
  return parts.includes("..") ? undefined : parts.length;
}

/**
 * Every cgroup, as a path below the mount: `/system.slice/ssh.service`. The root is the empty path.
 * @param mount as {@link cgroupMount} gives it
 */
export function listCgroups(mount: string): string[] {
  const found = [""];
  for (const path of found) { // grows meanwhile
    for (const { name, isDirectory } of tryReadDirectory(mount + path)) {
      if (isDirectory) found.push(`${path}/${name}`);
    }
  }
  return found;
}
