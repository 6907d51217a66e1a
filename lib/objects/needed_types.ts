import { LazyTypes } from "../btf/lazy_types.ts";
import { parseTypes } from "../btf/parse.ts";
import { reducedTypes } from "../btf/reduce.ts";
import { relocationsIn } from "../btf/relocations.ts";
import { readFile } from "../sys/file.ts";
import { BTF_PATH } from "../sys/kernel.ts";
import { readObjectFile } from "./object_file.ts";

/**
 * The types of the running kernel, reduced to those that the CO-RE relocations of an object need.
 * @param object its bytes
 * @returns undefined if it has none, or needs more than types that the kernel has
 */
export function neededTypes(object: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  try {
    const sections = readObjectFile(object);
    const bytesOf = (name: string) => sections.find((section) => section.name === name)?.bytes;
    const [types, ext] = [bytesOf(".BTF"), bytesOf(".BTF.ext")];
    if (types === undefined || ext === undefined) return undefined;
    const relocations = relocationsIn(ext);
    if (relocations.length === 0) return undefined;
    const kernel = new LazyTypes(readFile(BTF_PATH));
    return reducedTypes(kernel, parseTypes(types), relocations);
  } catch {
    return undefined; // libbpf reads both its own way, and says what is wrong
  }
}
