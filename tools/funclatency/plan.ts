import type { Funclatency } from "#skel/funclatency.ts";
import { ExitCode, ExitError, possibleCpus, quoted } from "#lib/tool/mod.ts";
import {
  attachToFiles,
  attachToKernel,
  checkNotGo,
  HookPlan,
  parsePattern,
  type ProbePattern,
  type TypedHooks,
  whyNotAtReturn,
} from "#lib/tool/probes.ts";
import { measureProbes } from "./probe_time.ts";

type Opened = ReturnType<typeof Funclatency.open>;
type Loaded = ReturnType<Opened["load"]>;

/** What the user asks for. */
export interface Asked extends TypedHooks {
  readonly force: boolean;
}

/** Groups in a second where tasks are distinguished: a group has an entry for each of its CPUs. */
const MAX_GROUPS = 16_384;

/** Threads that are in functions at a time: those in functions of the kernel take memory in advance. */
const MAX_THREADS = { files: 16_384, kernel: 4096 };

/** What is traced, and how programs get there. */
export class Plan extends HookPlan {
  readonly #text: string | undefined;
  /** What the probes themselves take of a call, in nanoseconds, if that could be measured. */
  probe_ns: number | undefined;

  /** @throws {ExitError} if there is nothing to trace, too much, or nothing that this host can trace */
  constructor({ pattern, regexp, force, ...asked }: Asked) {
    const parsed = pattern === undefined ? undefined : functions(pattern, regexp);
    super({ ...asked, pattern: parsed }, { refuses: whyNotAtReturn });
    this.#text = pattern;
    if (force) return;
    const files = new Map(this.hooks.map(({ path, owner }) => [path, owner]));
    for (const [path, name] of files) if (path !== undefined) checkNotGo({ path, name: name! });
  }

  /** Chooses how programs are loaded. */
  choose(opened: Opened, options: { functions: boolean; by: readonly string[] }): void {
    const { maps, progs } = opened;
    this.prepare(opened);
    if (this.attachType !== undefined) {
      progs.enter.attachType = progs.leave.attachType = this.attachType;
    }
    const areMany = options.by.some((by) => by !== "cpu");
    const hooks = options.functions ? Math.max(1, this.hooks.length) : 1;
    maps.counts.maxEntries = areMany ? MAX_GROUPS : 2 * possibleCpus() * hooks;
    if (this.kind === "files") maps.user_calls.maxEntries = MAX_THREADS.files;
    else maps.kernel_calls.maxEntries = MAX_THREADS.kernel;
  }

  /**
   * Attaches the programs.
   * @throws {BpfError | ExitError} if the kernel takes none of the functions
   */
  attach(skeleton: Loaded): void {
    const { enter, leave } = skeleton.progs;
    if (this.kind === undefined) return;
    this.probe_ns = measureProbes(skeleton, this);
    this.fillPlaces(skeleton);
    const attach = this.kind === "kernel" ? attachToKernel : attachToFiles;
    // A return whose call was not seen is nothing, a call whose return is not seen counts as lost.
    const left = attach(leave, this.numbered, { ...this.how, retprobe: true });
    const names = new Set(left.map(({ name }) => name));
    const others = this.numbered.filter(({ hook }) => !names.has(hook.names[0]));
    this.attached([...left, ...attach(enter, others, this.how)]);
  }

  get title(): string {
    const takes = this.probe_ns === undefined
      ? ""
      : ` (Probes take about ${(this.probe_ns / 1000).toFixed(1)} us of each call.)`;
    return `Tracing ${this.count} functions for "${this.#text}"... Hit Ctrl-C to end.${takes}`;
  }
}

/** @throws {ExitError} (64) if it is no pattern of functions, which alone return */
function functions(text: string, isRegex: boolean): ProbePattern {
  const pattern = parsePattern(text, isRegex);
  if (pattern.kind === "function") return pattern;
  throw new ExitError(ExitCode.Usage, `${quoted(text)} is no function: only these return`, {
    hint: "funccount counts tracepoints and USDT probes",
  });
}
