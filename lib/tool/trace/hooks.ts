import { btfFile, hasBtf, kernelIsAtLeast } from "../../sys/kernel.ts";

/** What is set of a program before load. */
export interface Loadable {
  /** Whether it is loaded. */
  autoload: boolean;
}

/** The hooks of programs: `exec` for `btf_exec` of raw_tp or tp_btf, and for `tp_exec` at a tracepoint. */
export type HookNames<Program> = Program extends `btf_${infer H}` | `tp_${infer H}` ? H : never;

/**
 * Chooses which programs are loaded. A hook may be there in two forms: `btf_NAME`, a raw tracepoint, which
 * costs less, and `tp_NAME` at a classic tracepoint. From Linux 7.0 on a task can lose the CPU in the middle
 * of the first, and until it goes on the kernel skips the program for all other tasks of that CPU. The
 * second keeps the CPU, and is all that a kernel without types has, for which `--btf` names a file. A hook
 * that has one form only is loaded in that one.
 *
 * @example
 * ```ts
 * import { Bootstrap } from "#skel/bootstrap.ts";
 * import { loadHooks } from "@denobpf/denobpf/tool";
 *
 * using opened = Bootstrap.open();
 * loadHooks(opened.progs, { exec: true, exit: false });
 * opened.load();
 * ```
 */
export function loadHooks<P extends Readonly<Record<string, Loadable>>>(
  programs: P,
  needed: Readonly<Partial<Record<HookNames<keyof P & string>, boolean>>>,
): void {
  const classic = kernelIsAtLeast(7, 0) || btfFile() !== undefined && !hasBtf();
  for (const [hook, needs] of Object.entries<boolean | undefined>(needed)) {
    const typed = programs[`btf_${hook}`] as Loadable | undefined;
    const tracepoint = programs[`tp_${hook}`] as Loadable | undefined;
    const chosen = classic ? tracepoint ?? typed : typed ?? tracepoint;
    for (const program of [typed, tracepoint]) {
      if (program !== undefined) program.autoload = program === chosen && needs === true;
    }
  }
}
