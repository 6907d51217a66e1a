import type { Funccount } from "#skel/funccount.ts";
import { ExitCode, ExitError, quoted } from "#lib/tool/mod.ts";
import {
  attachesManyFunctions,
  attachesManyInFiles,
  attachToFiles,
  attachToKernel,
  attachToTracepoints,
  findHooks,
  hasCookies,
  type Hook,
  parsePattern,
  type Refusal,
  reportRefusals,
} from "#lib/tool/probes.ts";

type Opened = ReturnType<typeof Funccount.open>;
type Loaded = ReturnType<Opened["load"]>;

/** What the user asks for. */
export interface Asked {
  /** None where only this host is examined: then all programs are loaded, and none attached. */
  readonly pattern: string | undefined;
  readonly regexp: boolean;
  readonly except: readonly string[];
  readonly max: number | undefined;
  readonly pid: readonly number[];
}

/** How many hooks there may be: each that is attached by itself takes the kernel milliseconds. */
const MOST_AT_ONCE = 20_000;
const MOST_ONE_BY_ONE = 1000;

/** Programs that the kernel half has for tracepoints where there are no cookies. */
const TRACEPOINTS = 16;

/** What is counted, and how programs get there. */
export class Plan {
  readonly hooks: readonly Hook[];
  readonly #refused: readonly Refusal[];
  readonly #kind: "kernel" | "files" | "tracepoints" | undefined;
  readonly #many: boolean;
  readonly #cookies = hasCookies();
  readonly #pid: number | undefined;
  /** How many there are, and how many programs could be attached to. */
  readonly #meant: number;
  #attached = 0;

  /** @throws {ExitError} if there is nothing to count, too much, or nothing that this host can count */
  constructor({ pattern: text, regexp, except, max, pid }: Asked) {
    const pattern = text === undefined ? undefined : parsePattern(text, regexp);
    const found = pattern === undefined
      ? { hooks: [], refused: [] }
      : findHooks(pattern, pid, except);
    this.hooks = found.hooks;
    this.#refused = found.refused;
    this.#meant = found.hooks.length + found.refused.length;
    this.#kind = pattern &&
      (pattern.kind === "tracepoint"
        ? "tracepoints"
        : pattern.file === undefined
        ? "kernel"
        : "files");
    this.#many = this.#kind === "kernel"
      ? attachesManyFunctions()
      : this.#kind === "files" && attachesManyInFiles() && !this.#hasSemaphores();
    this.#pid = pid.length === 1 ? pid[0] : undefined;
    if (text !== undefined && this.hooks.length === 0) throw this.#nothing(text);
    this.#check(max ?? (this.#many ? MOST_AT_ONCE : MOST_ONE_BY_ONE));
  }

  /** Chooses the programs that are loaded. */
  prepare({ rodata, maps, progs }: Opened): void {
    const cookies = rodata.has_cookies = this.#cookies;
    rodata.in_user = this.#kind === "files";
    const needsProbe = this.#kind !== "tracepoints";
    progs.probe.autoload = needsProbe;
    if (this.#many) {
      progs.probe.attachType = this.#kind === "kernel"
        ? "trace_kprobe_multi"
        : "trace_uprobe_multi";
    }
    const count = this.#kind === undefined ? 1 : needsProbe ? 0 : this.hooks.length;
    progs.tracepoint.autoload = cookies && count > 0;
    for (const [at, program] of tracepointsIn(progs).entries()) {
      program.autoload = !cookies && at < count;
    }
    maps.counts.maxEntries = Math.max(1, this.hooks.length);
    if (!cookies && needsProbe) maps.places.maxEntries = this.#places().length || 1;
  }

  /**
   * Attaches the programs.
   * @throws {BpfError | ExitError} if the kernel takes none of the hooks
   */
  attach({ progs, maps }: Loaded): void {
    const [cookies, many, pid] = [this.#cookies, this.#many, this.#pid];
    const numbered = this.hooks.map((hook, at) => ({ hook, cookie: BigInt(at) }));
    if (!cookies && this.#kind !== "tracepoints") {
      for (const [at, hook] of this.#places()) maps.places.update(at, hook);
    }
    const refused = this.#kind === "tracepoints"
      ? attachToTracepoints(
        (cookie) => cookies ? progs.tracepoint : tracepointsIn(progs)[Number(cookie)],
        numbered,
        { cookies },
      )
      : this.#kind === "kernel"
      ? attachToKernel(progs.probe, numbered, { cookies, many })
      : attachToFiles(progs.probe, numbered, { cookies, many, pid });
    this.#attached = this.hooks.length - refused.length;
    reportRefusals([...this.#refused, ...refused]);
    if (refused.length > 0 && this.#attached === 0) {
      throw new ExitError(ExitCode.Unavailable, refused[0].reason);
    }
  }

  /** `812 of 815`, or `815` if all of them could be attached to. */
  get attached(): string {
    return this.#attached === this.#meant
      ? `${this.#meant}`
      : `${this.#attached} of ${this.#meant}`;
  }

  #hasSemaphores(): boolean {
    return this.hooks.some(({ places }) => places.some(({ semaphore }) => semaphore !== undefined));
  }

  /** Without cookies: what the kernel half looks for, and the hook that it finds there. */
  #places(): (readonly [at: bigint, hook: number])[] {
    return this.hooks.flatMap(({ places }, hook) => places.map(({ at }) => [at, hook] as const));
  }

  #nothing(text: string): ExitError {
    const [refusal] = this.#refused;
    return refusal === undefined
      ? new ExitError(ExitCode.Usage, `Nothing is left of ${quoted(text)} without --except`)
      : new ExitError(ExitCode.Unavailable, `Cannot trace ${refusal.name}: ${refusal.reason}`);
  }

  /** @throws {ExitError} if there are more hooks than the user wants, or than this kernel can distinguish */
  #check(most: number): void {
    const count = this.hooks.length;
    if (count > most) {
      throw new ExitError(ExitCode.Usage, `There are ${count} to count, more than ${most}`, {
        hint: `name fewer, or take them all with --max ${count}`,
      });
    }
    const files = new Set(this.hooks.map(({ path }) => path)).size;
    const is = this.#kind === "tracepoints";
    if (this.#cookies || (is ? count <= TRACEPOINTS : files <= 1)) return;
    const limit = is ? `${TRACEPOINTS} tracepoints` : "what is in one file";
    throw new ExitError(
      ExitCode.Unavailable,
      `Cannot count ${
        is ? count : `in ${files} files`
      }: this kernel has no cookies, which Linux 5.15 ` +
        `and later have, and without them can count ${limit} at a time`,
    );
  }
}

/** The programs for tracepoints where there are no cookies, by the hook. */
function tracepointsIn<P>(progs: Readonly<Record<string, P>>): P[] {
  return Object.entries(progs).filter(([name]) => /^tracepoint_\d+$/.test(name))
    .map(([, program]) => program);
}
