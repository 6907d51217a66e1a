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
