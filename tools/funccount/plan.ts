import type { Funccount } from "#skel/funccount.ts";
import {
  attachToFiles,
  attachToKernel,
  attachToTracepoints,
  HookPlan,
  parsePattern,
  type TypedHooks,
} from "#lib/tool/probes.ts";

type Opened = ReturnType<typeof Funccount.open>;
type Loaded = ReturnType<Opened["load"]>;

/** Programs that the kernel half has for tracepoints where there are no cookies. */
const TRACEPOINTS = 16;

/** What is counted, and how programs get there. */
export class Plan extends HookPlan {
  /** @throws {ExitError} if there is nothing to count, too much, or nothing that this host can count */
  constructor({ pattern, regexp, ...asked }: TypedHooks) {
    const parsed = pattern === undefined ? undefined : parsePattern(pattern, regexp);
    super({ ...asked, pattern: parsed }, { tracepoints: TRACEPOINTS });
  }

  /** Chooses the programs that are loaded. */
  choose(opened: Opened): void {
    const { maps, progs } = opened;
    const { cookies } = this.how;
    this.prepare(opened);
    const needsProbe = this.kind !== "tracepoints";
    progs.probe.autoload = needsProbe;
    if (this.attachType !== undefined) progs.probe.attachType = this.attachType;
    const count = this.kind === undefined ? 1 : needsProbe ? 0 : this.hooks.length;
    progs.tracepoint.autoload = cookies && count > 0;
    for (const [at, program] of tracepointsIn(progs).entries()) {
      program.autoload = !cookies && at < count;
    }
    maps.counts.maxEntries = Math.max(1, this.hooks.length);
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
