import { event, type event_view } from "#skel/funcslower.ts";
import { bootTime, type EventOf, type InPlace, membersOf, plainWords } from "#lib/tool/mod.ts";
import { shownNumber } from "#lib/tool/fetch.ts";
import { foldedLine, framePath, framesOf, StackNames, taskFrame } from "#lib/tool/stacks.ts";
import type { Plan } from "./plan.ts";

/** How the kernel's stack shows that a return was traced, innermost. */
const WAY_TO_PROGRAM =
  /^(arch_rethook_trampoline|(__)?kretprobe_trampoline|return_to_handler|ftrace_\w+)$/;

/** What members are read by, besides the record. */
export class Own {
  readonly plan: Plan;
  /** When the trace began, in nanoseconds since boot. */
  readonly start = bootTime();
  readonly #names = new StackNames();

  constructor(plan: Plan, { kernel_stack }: { readonly kernel_stack: boolean }) {
    this.plan = plan;
    if (kernel_stack) this.#names.readKernel();
  }

  /** The function, and the functions of the kernel that led to it. */
  kernelStack(record: event_view): string[] | undefined {
    const [stack] = this.plan.stacksOf(record);
    if (stack.start === stack.end) return undefined;
    const names = this.#names.kernel(stack, "");
    const way = names.findLastIndex((name) => WAY_TO_PROGRAM.test(name));
    return [this.plan.hookOf(record).names[0], ...names.slice(way + 1)];
  }

  userStack(record: event_view): string[] | undefined {
    const [, stack] = this.plan.stacksOf(record);
    if (stack.start === stack.end) return undefined;
    const names = this.#names.user(record.pid, stack);
    return this.plan.kind === "files" ? [this.plan.hookOf(record).names[0], ...names] : names;
  }
}

/** Makes what members are read by. */
export const own = (plan: Plan, options: ConstructorParameters<typeof Own>[1]) =>
  new Own(plan, options);

const { c, integer, decimal, text, words, structure } = membersOf(event, own);

/** The members of a call. */
export const members = {
  time: { ...c.time, brief: "When the call returned" },
  /** Seconds. */
  elapsed: decimal(
    {
      brief: "Seconds since the trace began",
      header: "TIME",
      width: -9,
      decimals: 6,
      only: "table",
    },
    (r) => Number(r.time - r.$own.start) / 1e9,
  ),
  comm: { ...c.comm, width: -14 },
  pid: { ...c.pid, width: -6 },
  tid: c.tid,
  uid: c.uid,
  cpu: { ...c.cpu, brief: "CPU that it returned on" },
  func: text(
    { brief: "Function, with all names of its address" },
    (r) => r.$own.plan.hookOf(r).names.join(","),
  ),
  /** Undefined for what is of the kernel itself. */
  owner: text(
    { brief: "Its file, or its module of the kernel", width: -24 },
    (r) => r.$own.plan.hookOf(r).owner,
  ),
  latency_ns: { ...c.latency_ns, brief: "How long it took, in nanoseconds" },
  /** Undefined for functions that return nothing. Where nobody says what type it is, the register as it is. */
  retval: integer(
    { brief: "What it returned", width: 16 },
    (r) => r.$own.plan.resultOf(r)?.value,
  ),
  /** An object: of functions of the kernel by their names, else `arg1` and so on. */
  args: structure(
    { brief: "With -a: the arguments that it was called with" },
    (r) => r.$own.plan.argumentsOf(r),
  ),
  /** The innermost function first. */
  kstack: words({ brief: "With -K: stack in the kernel" }, (r) => r.$own.kernelStack(r)),
  ustack: words({ brief: "With -U: stack in the process" }, (r) => r.$own.userStack(r)),
};

/** A call that took long. */
export type SlowCall = EventOf<typeof members>;

const table = membersOf<InPlace<typeof members>>();

/** What tables alone show, as the Python tool has it. */
export const derived = {
  lat_ms: table.integer(
    { brief: "latency_ns, in ms", header: "LAT(ms)", width: 7, unit: 1e6, decimals: 2 },
    (e) => e.latency_ns,
  ),
  lat_us: table.integer(
    { brief: "latency_ns, in us", header: "LAT(us)", width: 7, unit: 1e3, decimals: 2 },
    (e) => e.latency_ns,
  ),
  rval: table.text(
    {
      brief: "retval; in hexadecimal digits if it is an address, or of no known type",
      header: "RVAL",
      width: 16,
    },
    (e) => {
      const result = e.$record!.$own.plan.resultOf(e.$record!);
      return result && String(shownNumber(result.value, result.type)).replace(/^0x/, "");
    },
  ),
  call: table.text(
    { brief: "The function, and its arguments", header: "FUNC ARGS" },
    (e) => {
      const args = Object.entries(e.$record!.$own.plan.argumentsOf(e.$record!) ?? {});
      return [e.func, ...args.map(([name, value]) => `${name}=${value}`)].join(" ");
    },
  ),
  stacks: table.words(
    { brief: "With -K and -U: the stacks", header: " ", as: "lines" },
    (e) => ["", ...framesOf(stacksOf(e), "", {}).map((name) => `  ${name}`)],
  ),
  folded: table.words(
    { brief: "The same in a line, the outermost function first", header: " ", as: "lines" },
    (e) => {
      const path = [
        taskFrame(String(e.comm)),
        ...framePath(stacksOf(e), { delimited: true }).reverse(),
      ];
      return ["", foldedLine(path, 1).trimEnd()];
    },
  ),
};

const stacksOf = ({ kstack, ustack }: InPlace<typeof members>) => ({
  kernel: kstack && plainWords(kstack),
  user: ustack && plainWords(ustack),
});
