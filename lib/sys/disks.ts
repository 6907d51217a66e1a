/** Block devices: their names and their numbers, by sysfs(5). */
import { deviceNumbers } from "./device_numbers.ts";
import { tryReadTextFile } from "./file.ts";
import { readLink } from "./symlink.ts";

const SYS = "/sys/class/block/";

/** The last part of a path, as the kernel has it in names: `!` where a name has a slash. */
const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** Major and minor number as the kernel's dev_t has them. */
function devOf(text: string): number {
  const [major, minor] = text.split(":").map(Number);
  return (major << 20 | minor) >>> 0;
}

/**
 * The number of a whole disk, as the kernel's dev_t; undefined if there is no such disk.
 * @param name `sda`, `/dev/sda`, or a link to it such as `/dev/mapper/root`
 */
export function diskNumber(name: string): number | undefined {
  const known = baseName(readLink(name) ?? name.replace(/^\/dev\//, "").replaceAll("/", "!"));
  if (known === "" || known.startsWith(".")) return undefined;
  if (tryReadTextFile(`${SYS}${known}/partition`) !== undefined) return undefined;
  const numbers = tryReadTextFile(`${SYS}${known}/dev`);
  return numbers === undefined ? undefined : devOf(numbers);
}

/**
 * The name of a block device: `sda`; its numbers, `8:0`, if there is none any more.
 * @param dev its number as the kernel's dev_t: major << 20 | minor
 *
 * @example
 * ```ts
 * import { diskName } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(diskName(4095 << 20 >>> 0), "4095:0"); // there is no such device
 * ```
 */
export function diskName(dev: number): string {
  const numbers = deviceNumbers(dev);
  const link = readLink(`/sys/dev/block/${numbers}`);
  return link === undefined ? numbers : baseName(link).replaceAll("!", "/");
}

/** How long a name is taken for granted, in milliseconds: numbers of disks that are gone are used again. */
const KNOWN_MS = 1000;

/**
 * Names of block devices for many numbers: {@link diskName}, asked once a second for each.
 *
 * @example
 * ```ts
 * import { DiskNames } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new DiskNames().name(4095 << 20 >>> 0), "4095:0"); // there is no such device
 * ```
 */
export class DiskNames {
  readonly #known = new Map<number, { readonly name: string; readonly until: number }>();

  /** The name of a device. @param dev its number as the kernel's dev_t */
  name(dev: number): string {
    const now = performance.now();
    let known = this.#known.get(dev);
    if (known === undefined || known.until < now) {
      this.#known.set(dev, known = { name: diskName(dev), until: now + KNOWN_MS });
    }
    return known.name;
  }
}
