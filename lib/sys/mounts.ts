import { deviceNumbers } from "./device_numbers.ts";
import { EACCES, SystemError } from "./errno.ts";
import { tryReadTextFile } from "./file.ts";
import { fileExists, mountId } from "./status.ts";
import { check, cString, mounts } from "./libc.ts";

/** Flags of include/uapi/linux/mount.h that a pseudo file system is usually mounted with. */
const MS_NOSUID = 2n;
const MS_NODEV = 4n;
const MS_NOEXEC = 8n;

/** Where tracefs is mounted; debugfs mounts it at the second path by itself. */
const TRACEFS = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/** The tracefs folder, or undefined while none is mounted. */
export function tracefs(): string | undefined {
  return TRACEFS.find((folder) => fileExists(`${folder}/trace`));
}

/**
 * The tracefs folder. Where tracefs is not mounted, as on a fresh machine, root mounts it.
 * Attaching to a tracepoint needs it, as libbpf reads the tracepoint's id there.
 * @throws {SystemError} with the command that would mount it
 */
export function mountTracefs(): string {
  const mounted = tracefs();
  if (mounted !== undefined) return mounted;
  const mountinfo = tryReadTextFile("/proc/self/mountinfo") ?? "";
  if (TRACEFS.some((folder) => mountinfo.includes(` ${folder} `))) {
    const cure = "run it as root, or with CAP_DAC_READ_SEARCH";
    throw new SystemError(EACCES, `use tracefs, which is closed to this user (${cure})`);
  }
  const type = cString("tracefs");
  const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  check(
    mounts().mount(type, cString(TRACEFS[0]), type, flags, null),
    `use tracefs, which is not mounted (as root: mount -t tracefs tracefs ${TRACEFS[0]})`,
  );
  return TRACEFS[0];
}

/**
 * The device of the file system that `path` is on, as the kernel's dev_t: of `s_dev`, which st_dev of stat(2)
 * is not on btrfs and overlayfs.
 * @throws {SystemError}
 */
export function mountedDevice(path: string): number | undefined {
  const id = mountId(path);
  const mountinfo = tryReadTextFile("/proc/self/mountinfo") ?? "";
  const [, major, minor] = new RegExp(`^${id} \\d+ (\\d+):(\\d+) `, "m").exec(mountinfo) ?? [];
  return major === undefined ? undefined : Number(major) * 2 ** 20 + Number(minor);
}

/**
 * Where the file system of a device is mounted as this process sees it, or undefined if it is not.
 * @param dev as the kernel's dev_t
 */
export function mountPointOf(dev: number): string | undefined {
  const device = deviceNumbers(dev);
  const mounted = (tryReadTextFile("/proc/self/mountinfo") ?? "").split("\n")
    .map((line) => line.split(" "))
    .filter(([, , at]) => at === device);
  // A bind mount may show a part of it elsewhere.
  const found = mounted.find(([, , , root]) => root === "/") ?? mounted[0];
  return found && unescapeOctal(found[4]);
}

/** The kernel writes a space in a path as `\040`: proc_pid_mountinfo(5). */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}
