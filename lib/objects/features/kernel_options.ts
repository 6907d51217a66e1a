/** What the kernel was configured with when it was built. */
import { readFile } from "../../sys/file.ts";
import { fileExists } from "../../sys/status.ts";
import { kernelRelease } from "../../sys/kernel.ts";

const GZIP = [0x1f, 0x8b];

let options: Promise<ReadonlyMap<string, string> | undefined> | undefined;

/**
 * The kernel's options that are set, in the order of its file: `CONFIG_BPF_JIT` to `y`, `m`, a number, or
 * a text in quotes. Read once, from /proc/config.gz or /boot/config-RELEASE.
 * @returns undefined where the host has neither, and so does not say
 * @throws {SystemError} if its file cannot be read
 *
 * @example
 * ```ts
 * import { kernelOptions } from "@denobpf/denobpf";
 *
 * const options = await kernelOptions();
 * console.log(options?.get("CONFIG_BPF_SYSCALL"));
 * ```
 */
export function kernelOptions(): Promise<ReadonlyMap<string, string> | undefined> {
  return options ??= find();
}

/**
 * One option: `y` where it is built in, `m` where it is a module, `n` where it is not set.
 * @param name with or without the `CONFIG_` in front
 * @returns undefined where the host does not say
 *
 * @example
 * ```ts
 * import { kernelOption } from "@denobpf/denobpf";
 *
 * if (await kernelOption("CONFIG_FPROBE") === "n") console.log("no kprobe.multi here");
 * ```
 */
export async function kernelOption(name: string): Promise<string | undefined> {
  const all = await kernelOptions();
  return all && (all.get(name.startsWith("CONFIG_") ? name : `CONFIG_${name}`) ?? "n");
}

/** The options in the text of such a file. */
export function parseKernelOptions(text: string): ReadonlyMap<string, string> {
  const lines = text.matchAll(/^(CONFIG_\w+)=(.*)$/gm);
  return new Map([...lines].map(([, name, value]) => [name, value]));
}

async function find(): Promise<ReadonlyMap<string, string> | undefined> {
  const release = kernelRelease();
  const places = ["/proc/config.gz", `/boot/config-${release}`, `/lib/modules/${release}/config`];
  const path = places.find(fileExists);
  return path === undefined ? undefined : parseKernelOptions(await readPacked(path));
}

async function readPacked(path: string): Promise<string> {
  const bytes = readFile(path);
  if (!GZIP.every((byte, at) => bytes[at] === byte)) return new TextDecoder().decode(bytes);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).text();
}
