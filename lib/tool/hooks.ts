import { btfFile, hasBtf, kernelIsAtLeast } from "../sys/kernel.ts";

/** What is set of a program before load. */
export interface Loadable {
  /** Whether it is loaded. */
  autoload: boolean;
}

/** What is asked of a program after load. */
export interface Counted {
  /** Whether it was loaded. */
  readonly autoload: boolean;
  /** How often the kernel has skipped it. */
  readonly misses: bigint;
}

/** Both forms of each hook: `btf_exec` of raw_tp or tp_btf, `tp_exec` at a classic tracepoint. */
export type Forms<H extends string, Program> = Readonly<Record<`btf_${H}` | `tp_${H}`, Program>>;

/**
 * Chooses what is loaded, of programs that are there in two forms: a raw tracepoint, which costs less,
 * and the classic one. From Linux 7.0 on a task can lose the CPU in the middle of the first, and until
 * it goes on the kernel skips the program for all other tasks of that CPU. The second keeps the CPU, and
 * is all that a kernel without types has, for which `--btf` names a file.
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
export function loadHooks<H extends string>(
  programs: Forms<H, Loadable>,
  needed: Readonly<Record<H, boolean>>,
): void {
  const classic = kernelIsAtLeast(7, 0) || btfFile() !== undefined && !hasBtf();
  for (const hook in needed) {
    programs[`btf_${hook}`].autoload = needed[hook] && !classic;
    programs[`tp_${hook}`].autoload = needed[hook] && classic;
  }
}

/**
 * How many events the kernel did not show to the loaded programs of these hooks.
 *
 * @example
 * ```ts
 * import { Bootstrap } from "#skel/bootstrap.ts";
 * import { loadHooks, missesOf } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * using opened = Bootstrap.open();
 * loadHooks(opened.progs, { exec: true, exit: false });
 * const bootstrap = opened.load();
 * assertEquals(missesOf(bootstrap.progs, "exec", "exit"), 0n);
 * ```
 */
export function missesOf<H extends string>(
  programs: Forms<H, Counted>,
  ...hooks: readonly H[]
): bigint {
  return hooks.flatMap((hook) => [programs[`btf_${hook}`], programs[`tp_${hook}`]] as const)
    .filter((program) => program.autoload)
    .reduce((sum, { misses }) => sum + misses, 0n);
}
