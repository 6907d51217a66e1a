import type { Attachable, Program } from "../../objects/program.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { quoted } from "../text/escape.ts";
import { attachToFiles, attachToKernel } from "./attach.ts";
import { HookPlan, type TypedHooks } from "./hook_plan.ts";
import { parsePattern, type ProbePattern } from "./pattern.ts";
import { checkNotGo, whyNotAtReturn } from "./returns.ts";

/** What the user asks for. */
export interface AskedCalls extends TypedHooks {
  /** Further patterns. */
  readonly more?: readonly string[];
  /** Whether programs of Go are traced too. */
  readonly force: boolean;
}

/** Threads that are in functions at a time: those in functions of the kernel take memory in advance. */
const MOST_THREADS = { files: 16_384, kernel: 4096 };

/** An opened skeleton with bpf/include/pairs.h. */
type Opened =
  & Parameters<HookPlan["prepare"]>[0]
  & {
    readonly maps: Readonly<Record<"user_calls" | "kernel_calls", { maxEntries: number }>>;
    readonly progs: Readonly<Record<"enter" | "leave", Pick<Program, "attachType">>>;
  };

/** A loaded one. */
type Loaded =
  & Parameters<HookPlan["fillPlaces"]>[0]
  & { readonly progs: Readonly<Record<"enter" | "leave", Attachable>> };

/** Which functions patterns mean, and how the programs `enter` and `leave` get to them. */
export class CallPlan extends HookPlan {
  /** @throws {ExitError} if there is nothing to trace, too much, or nothing that this host can trace */
  constructor({ pattern, more = [], regexp, force, ...asked }: AskedCalls) {
    const [first, ...others] = pattern === undefined ? [] : [pattern, ...more];
    super({
      ...asked,
      pattern: first === undefined ? undefined : functions(first, regexp),
      more: others.map((text) => functions(text, regexp)),
    }, { refuses: whyNotAtReturn });
    if (force) return;
    const files = new Map(this.hooks.map(({ file }) => [file?.path, file]));
    for (const file of files.values()) if (file !== undefined) checkNotGo(file);
  }

  /**
   * Chooses how programs are loaded.
   * @param threads that are in functions of the kernel at a time
   */
  prepareCalls(opened: Opened, threads = MOST_THREADS.kernel): void {
    const { maps, progs } = opened;
    this.prepare(opened);
    if (this.attachType !== undefined) {
      progs.enter.attachType = progs.leave.attachType = this.attachType;
    }
    if (this.kind === "files") maps.user_calls.maxEntries = MOST_THREADS.files;
    else maps.kernel_calls.maxEntries = threads;
  }

  /**
   * Attaches the programs.
   * @throws {BpfError | ExitError} if the kernel takes none of the functions
   */
  attachCalls(skeleton: Loaded): void {
    const { enter, leave } = skeleton.progs;
    this.fillPlaces(skeleton);
    const attach = this.kind === "kernel" ? attachToKernel : attachToFiles;
    // A return whose call was not seen is nothing, a call whose return is not seen counts as lost.
    const left = attach(leave, this.numbered, { ...this.how, retprobe: true });
    const names = new Set(left.map(({ name }) => name));
    const others = this.numbered.filter(({ hook }) => !names.has(hook.names[0]));
    this.attached([...left, ...attach(enter, others, this.how)]);
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
