/** The names that the running kernel has for its numbers. */
import { Btf } from "../btf/layout.ts";

/**
 * The names of the values of an enum, by number. Numbers that differ between releases are named by the kernel
 * that runs, not by a table.
 *
 * @param enums names that the enum has had; the first that the kernel has is read
 * @param prefix what names begin with, and are shown without
 * @param btf the types that have it; those of the running kernel if left out
 * @returns no names where there is no such enum
 *
 * @example
 * ```ts
 * import { enumNames } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(enumNames(["bpf_map_type"], "BPF_MAP_TYPE_").get(1), "HASH");
 * ```
 */
export function enumNames(
  enums: readonly string[],
  prefix: string | RegExp,
  btf: Btf = Btf.kernel(),
): Map<number, string> {
  for (const name of enums) {
    const id = btf.find("enum", name);
    const type = id === undefined ? undefined : btf.type(id);
    if (type?.kind !== "enum") continue;
    return new Map(
      type.values.map(({ name, value }) => [Number(value), name.replace(prefix, "")] as const),
    );
  }
  return new Map();
}
