/** Variables of the kernel that programs find by their names (`__ksym`). */
import { Btf } from "../btf/layout.ts";
import { hasBtf } from "../sys/kernel.ts";
import { tryReadTextFile } from "../sys/file.ts";

/**
 * Whether a program finds a variable of the kernel: it has a type, and a symbol. Linux 5.10 has types of few
 * variables, and a kernel without CONFIG_KALLSYMS_ALL no symbols of them.
 * @param name one that the kernel has for each CPU: others have no types
 */
export function findsVariable(name: string): boolean {
  return hasBtf() && Btf.kernel().find("variable", name) !== undefined &&
    (tryReadTextFile("/proc/kallsyms")?.includes(` ${name}\n`) ?? false);
}
