import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";
import {
  attachesManyInFiles,
  type AttachOptions,
  hasCookies,
  type Numbered,
  reportRefusals,
} from "./attach.ts";
import { findHooks } from "./find.ts";
import type { Hook, Hooks, Refusal } from "./hook.ts";
import { attachesManyFunctions } from "./kernel_functions.ts";
import type { ProbePattern } from "./pattern.ts";

/** What the user asks for. */
export interface AskedHooks {
  /** None where only this host is examined: then all programs are loaded, and none attached. */
  readonly pattern: ProbePattern | undefined;
  /** Further ones, of the same kind. */
  readonly more?: readonly ProbePattern[];
  readonly except: readonly string[];
  readonly max: number | undefined;
  readonly pid: readonly number[];
}

/** The same with the pattern as it was typed. */
export interface TypedHooks extends Omit<AskedHooks, "pattern" | "more"> {
  readonly pattern: string | undefined;
  readonly regexp: boolean;
}

/** What a tool cannot do with hooks. */
export interface Limits {
  /** How many tracepoints can be distinguished without cookies. */
  readonly tracepoints?: number;
  /** Why a hook cannot be traced, if so. */
  readonly refuses?: (hook: Hook) => string | undefined;
}

/** How many hooks there may be: each that is attached by itself takes the kernel milliseconds. */
const MOST_AT_ONCE = 20_000;
const MOST_ONE_BY_ONE = 1000;

/** An opened skeleton with bpf/include/which_hook.h. */
interface Opened {
  readonly rodata: { has_cookies: boolean; in_user: boolean };
  readonly maps: { readonly places: { maxEntries: number } };
}

/** A loaded one. */
interface Loaded {
  readonly maps: { readonly places: { update(key: bigint, value: number): void } };
}

/** What a pattern means, and how programs get there: those of a tool that attaches one program to many hooks. */
export class HookPlan {
  readonly hooks: readonly Hook[];
  /** Each with its place in {@link hooks} as its cookie. */
  readonly numbered: readonly Numbered[];
  readonly kind: "kernel" | "files" | "tracepoints" | undefined;
  /** How programs are attached. */
  readonly how: AttachOptions;
  readonly #refused: readonly Refusal[];
  /** How many there are, and how many programs could be attached to. */
  readonly #meant: number;
  #attached = 0;

  /** @throws {ExitError} if there is nothing to trace, too much, or nothing that this host can trace */
  constructor(
    { pattern, more = [], except, max, pid }: AskedHooks,
    { tracepoints = 0, refuses = () => undefined }: Limits = {},
  ) {
    const patterns = pattern === undefined ? [] : [pattern, ...more];
    const found = merged(patterns.map((one) => findHooks(one, pid, except)));
    const unfit = found.hooks.flatMap((hook) => {
      const reason = refuses(hook);
      return reason === undefined ? [] : [{ hook, refusal: { name: hook.names[0], reason } }];
    });
    this.hooks = found.hooks.filter((hook) => !unfit.some((one) => one.hook === hook));
    this.numbered = this.hooks.map((hook, at) => ({ hook, cookie: BigInt(at) }));
    this.#refused = [...found.refused, ...unfit.map(({ refusal }) => refusal)];
    this.#meant = found.hooks.length + found.refused.length;
    this.kind = kindOf(patterns);
    const many = this.kind === "kernel"
      ? attachesManyFunctions()
      : this.kind === "files" && attachesManyInFiles() && !this.#hasSemaphores();
    const one = pid.length === 1 ? pid[0] : undefined;
    this.how = { cookies: hasCookies(), many, pid: one };
    if (pattern !== undefined && this.hooks.length === 0) throw this.#nothing(pattern.text);
    this.#check(max ?? (many ? MOST_AT_ONCE : MOST_ONE_BY_ONE), tracepoints);
  }

  /** The type that programs at functions must be loaded with, if not that of their section. */
  get attachType(): "trace_kprobe_multi" | "trace_uprobe_multi" | undefined {
    if (!this.how.many) return undefined;
    return this.kind === "kernel" ? "trace_kprobe_multi" : "trace_uprobe_multi";
  }

  /** Sets before load what which_hook.h goes by. */
  prepare({ rodata, maps }: Opened): void {
    rodata.has_cookies = this.how.cookies;
    rodata.in_user = this.kind === "files";
    if (this.#needsPlaces) maps.places.maxEntries = this.#places().length || 1;
  }

  /** Fills in what which_hook.h looks for, before anything is attached. */
  fillPlaces({ maps }: Loaded): void {
    if (!this.#needsPlaces) return;
    for (const [at, hook] of this.#places()) maps.places.update(at, hook);
  }

  /**
   * Takes over what the kernel has refused, and reports it to a user who asks for details.
   * @throws {ExitError} (69) if the kernel has taken none of the hooks
   */
  attached(refused: readonly Refusal[]): void {
    this.#attached = this.hooks.length - refused.length;
    reportRefusals([...this.#refused, ...refused]);
    if (refused.length > 0 && this.#attached === 0) {
      throw new ExitError(ExitCode.Unavailable, refused[0].reason);
    }
  }

  /** `812 of 815`, or `815` if all of them could be attached to. */
  get count(): string {
    return this.#attached === this.#meant
      ? `${this.#meant}`
      : `${this.#attached} of ${this.#meant}`;
  }

  get #needsPlaces(): boolean {
    return !this.how.cookies && this.kind !== "tracepoints";
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
  #check(most: number, tracepoints: number): void {
    const count = this.hooks.reduce((sum, { places }) => sum + places.length, 0);
    if (count > most) {
      throw new ExitError(ExitCode.Usage, `There are ${count} to trace, more than ${most}`, {
        hint: `name fewer, or take them all with --max ${count}`,
      });
    }
    const files = new Set(this.hooks.map(({ file }) => file?.path)).size;
    const is = this.kind === "tracepoints";
    if (this.how.cookies || (is ? count <= tracepoints : files <= 1)) return;
    const limit = is ? `${tracepoints} tracepoints` : "what is in one file";
    throw new ExitError(
      ExitCode.Unavailable,
      `Cannot trace ${
        is ? count : `in ${files} files`
      }: this kernel has no cookies, which Linux 5.15 ` +
        `and later have, and without them can trace ${limit} at a time`,
    );
  }
}

/** Hooks of several patterns, each once. */
function merged(found: readonly Hooks[]): Hooks {
  const hooks = new Map<string, Hook>();
  for (const hook of found.flatMap(({ hooks }) => hooks)) {
    const key = JSON.stringify([hook.file?.path, hook.names[0], `${hook.places[0]?.at}`]);
    if (!hooks.has(key)) hooks.set(key, hook);
  }
  return { hooks: [...hooks.values()], refused: found.flatMap(({ refused }) => refused) };
}

/** @throws {ExitError} (64) if they are of several kinds, which need programs of their own */
function kindOf(patterns: readonly ProbePattern[]): HookPlan["kind"] {
  const [kind, ...others] = new Set(patterns.map((pattern) => {
    if (pattern.kind === "tracepoint") return "tracepoints";
    return pattern.file === undefined ? "kernel" : "files";
  }));
  if (others.length === 0) return kind;
  const texts = patterns.map(({ text }) => quoted(text)).join(", ");
  const message = `${texts} cannot be traced together: some are of the kernel, some of files`;
  throw new ExitError(ExitCode.Usage, message);
}
