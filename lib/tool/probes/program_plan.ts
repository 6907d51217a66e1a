import type { Attachable, Program } from "../../objects/program.ts";
import { attachToFiles, attachToKernel, attachToTracepoints } from "./attach.ts";
import { HookPlan, type TypedHooks } from "./hook_plan.ts";
import { parsePattern } from "./pattern.ts";

/** Programs that the kernel half has for tracepoints where there are no cookies. */
const TRACEPOINTS = 16;

/** A program of an opened skeleton. */
type OpenedProgram = Pick<Program, "autoload" | "attachType">;

/** An opened skeleton with bpf/include/hook_programs.h. */
type Opened =
  & Parameters<HookPlan["prepare"]>[0]
  & {
    readonly rodata: { targ_cpu: number };
    readonly progs: Readonly<Record<"probe" | "tracepoint", OpenedProgram>>;
  };

/** A loaded one. */
type Loaded =
  & Parameters<HookPlan["fillPlaces"]>[0]
  & { readonly progs: Readonly<Record<"probe" | "tracepoint", Attachable>> };

/** What the user asks for. */
export interface AskedPrograms extends TypedHooks {
  /** Hooks on this CPU only. */
  readonly cpu: number | undefined;
}

/** What a pattern of any kind means, and how the programs of bpf/include/hook_programs.h get there. */
export class ProgramPlan extends HookPlan {
  /** Whether hooks are where functions of a file begin. */
  readonly atUserFunctions: boolean;
  readonly #cpu: number | undefined;

  /** @throws {ExitError} if there is nothing to trace, too much, or nothing that this host can trace */
  constructor({ pattern, regexp, cpu, ...asked }: AskedPrograms) {
    const parsed = pattern === undefined ? undefined : parsePattern(pattern, regexp);
    super({ ...asked, pattern: parsed }, { tracepoints: TRACEPOINTS });
    this.atUserFunctions = this.kind === "files" && parsed?.kind === "function";
    this.#cpu = cpu;
  }

  /** Chooses the programs that are loaded. */
  choose(opened: Opened): void {
    const { progs, rodata } = opened;
    const { cookies } = this.how;
    this.prepare(opened);
    if (this.#cpu !== undefined) rodata.targ_cpu = this.#cpu;
    const needsProbe = this.kind !== "tracepoints";
    progs.probe.autoload = needsProbe;
    if (this.attachType !== undefined) progs.probe.attachType = this.attachType;
    const count = this.kind === undefined ? 1 : needsProbe ? 0 : this.hooks.length;
    progs.tracepoint.autoload = cookies && count > 0;
    for (const [at, program] of tracepointsIn(progs).entries()) {
      program.autoload = !cookies && at < count;
    }
  }

  /**
   * Attaches the programs.
   * @throws {BpfError | ExitError} if the kernel takes none of the hooks
   */
  attach(skeleton: Loaded): void {
    const { progs } = skeleton;
    const { how, numbered } = this;
    this.fillPlaces(skeleton);
    this.attached(
      this.kind === "tracepoints"
        ? attachToTracepoints(
          (cookie) => how.cookies ? progs.tracepoint : tracepointsIn(progs)[Number(cookie)],
          numbered,
          how,
        )
        : this.kind === "kernel"
        ? attachToKernel(progs.probe, numbered, how)
        : attachToFiles(progs.probe, numbered, how),
    );
  }
}

/** The programs for tracepoints where there are no cookies, by the hook. */
function tracepointsIn<P>(progs: Readonly<Record<string, P>>): P[] {
  return Object.entries(progs).filter(([name]) => /^tracepoint_\d+$/.test(name))
    .map(([, program]) => program);
}
