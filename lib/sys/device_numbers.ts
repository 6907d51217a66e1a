/**
 * The numbers of a device as `major:minor`, as lsblk(8) and /sys/dev have them.
 * @param dev as the kernel's dev_t: major << 20 | minor (include/linux/kdev_t.h)
 *
 * @example
 * ```ts
 * import { deviceNumbers } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(deviceNumbers(8 << 20 | 1), "8:1");
 * ```
 */
export function deviceNumbers(dev: number): string {
  return `${dev >>> 20}:${dev & 0xf_ffff}`;
}
