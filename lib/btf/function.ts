import { Btf } from "./layout.ts";
import type { BtfPrototype } from "./types.ts";

/**
 * What a function of the kernel is passed and returns. Kernels differ: `d_alloc_parallel` has a parameter less since
 * Linux 7.2.
 *
 * @returns undefined if the kernel has no such function, or it is in a module
 * @throws {BtfError} if the kernel has no types
 */
export function functionPrototype(name: string): BtfPrototype | undefined {
  const btf = Btf.kernel();
  const id = btf.find("function", name);
  const found = id === undefined ? undefined : btf.type(id);
  const prototype = found?.kind === "function" ? btf.resolved(found.type) : undefined;
  return prototype?.kind === "prototype" ? prototype : undefined;
}

/** The place of the first parameter that points to one of these structs, from 0 on; undefined if there is none. */
export function parameterOf(name: string, ...structs: readonly string[]): number | undefined {
  const btf = Btf.kernel();
  const at = functionPrototype(name)?.parameters.findIndex(({ type }) => {
    const pointer = btf.resolved(type);
    const target = pointer.kind === "pointer" ? btf.resolved(pointer.type) : undefined;
    return target?.kind === "struct" && structs.includes(target.name);
  });
  return at === undefined || at < 0 ? undefined : at;
}

/** Whether it returns true or false, and no number. */
export function returnsBoolean(name: string): boolean {
  const prototype = functionPrototype(name);
  const type = prototype && Btf.kernel().resolved(prototype.returns);
  return type?.kind === "int" && type.encoding === "bool";
}
