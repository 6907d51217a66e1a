import { KernelSymbols } from "#lib/symbols/kallsyms.ts";

/** What the function that unlinks a file is called, in the order of the kernels that have it so. */
const NAMES = ["do_unlinkat", "filename_unlinkat"];

/** The function that unlinks a file in this kernel. Names change, so that it is good to ask. */
export function unlinkFunction(): string {
  const symbols = KernelSymbols.read();
  return NAMES.find((name) => symbols.find(name) !== undefined) ?? NAMES[0];
}
