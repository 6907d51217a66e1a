/** What softirqslower shows of a soft interrupt that takes long. */
import { event, type event_view } from "#skel/softirqslower.ts";
import { type EventOf, type LazyOf, membersOf, partsOf } from "#lib/tool/mod.ts";
import { SOFTIRQS } from "#lib/tool/irq_times.ts";
import { StackNames } from "#lib/tool/stacks.ts";
import { contextOf, interrupted } from "#lib/tool/wakers.ts";

/** What can take long: `enum stage` of bpf/softirqslower.bpf.c. */
const STAGES = ["delay", "run"];

/** The way from the tracepoint, whose function the compiler makes part of others, to the program. */
const TRACER = /^(bpf_prog_|bpf_trace_run|__bpf_trace_|__traceiter_)/;

/** What members are read by, besides the record. */
export function own({ stack }: { readonly stack: boolean }) {
  return { names: stack ? new StackNames().readKernel() : undefined };
}

const member = membersOf(event, own);
const { c } = member;
const parts = partsOf(event, "kstack");

const nameOf = (softirq: number): string => SOFTIRQS[softirq] ?? String(softirq);

type Placed = event_view & { readonly $own: ReturnType<typeof own> };

/** The functions that raised it, the innermost first, if they are known: not those that an interrupt came to. */
function stackOf(r: Placed & Parameters<typeof parts.kstack.text>[0]): string[] | undefined {
  if (r.kstack_size === 0 || r.$own.names === undefined) return undefined;
  const names = r.$own.names.kernel(parts.kstack.text(r), "");
  const raised = names.slice(names.findIndex((name) => !TRACER.test(name)));
  return raised.slice(0, interrupted(raised));
}

/** The members of an event. */
export const members = {
  time: { ...c.time, brief: "When it began to run, or had run" },
  stage: member.text(
    { brief: "What took long: the delay until it ran, or the run", width: -5 },
    (r) => STAGES[r.stage],
  ),
  softirq: member.text(
    { brief: "The soft interrupt: timer, net_rx, block", width: -8 },
    (r) => nameOf(r.softirq),
  ),
  /** Undefined if it was raised before the trace. */
  delay_ns: member.integer(
    { brief: "How long it waited for its run after it was raised, in nanoseconds" },
    (r) => r.delay_ns || undefined,
  ),
  run_ns: member.integer(
    { brief: "How long it ran, in nanoseconds" },
    (r) => r.run_ns || undefined,
  ),
  cpu: { ...c.cpu, width: -6 },
  /** Undefined where that is ksoftirqd: then nobody is interrupted. */
  interrupted_pid: member.integer(
    { brief: "Process that it ran in the middle of; 0 is an idle CPU" },
    (r) => r.ksoftirqd ? undefined : r.pid,
  ),
  interrupted_tid: member.integer(
    { brief: "Its thread" },
    (r) => r.ksoftirqd ? undefined : r.tid,
  ),
  interrupted_comm: member.text(
    { brief: "Name of that thread, which may have nothing to do with it" },
    (r) => r.ksoftirqd ? undefined : r.$comm,
  ),
  in_ksoftirqd: member.boolean(
    { brief: "Whether it ran in the thread ksoftirqd/N" },
    (r) => r.ksoftirqd !== 0,
  ),
  waiting: member.words(
    { brief: "Other soft interrupts that waited on this CPU at that moment" },
    (r) =>
      SOFTIRQS.filter((_, softirq) => softirq !== r.softirq && (r.waiting >>> softirq & 1) !== 0),
  ),
  raised_in: member.text(
    { brief: "With --stack: raised in a task, softirq or irq (hard interrupt)" },
    (r) => {
      const stack = stackOf(r);
      return stack && contextOf(stack);
    },
  ),
  /** The innermost function first. */
  raise_stack: member.words({ brief: "With --stack: the functions that raised it" }, stackOf),
};

/** A soft interrupt that has waited, or run, for long. */
export type SlowSoftirq = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

const LONG = { irq: "irq(hard)", softirq: "softirq", task: "task" };

/** What tables alone show, as the C tool has it. */
export const derived = {
  stage_name: table.text(
    { header: "STAGE", brief: "stage, and raised_in if that is known", width: -20 },
    ({ stage, raised_in }) =>
      stage === "run"
        ? "softirq runtime"
        : `${raised_in === undefined ? "raise" : LONG[raised_in as keyof typeof LONG]} to softirq`,
  ),
  lat_us: table.integer(
    {
      header: "LAT(us)",
      brief: "delay_ns or run_ns, in microseconds",
      width: -14,
      unit: 1e3,
      decimals: 1,
    },
    ({ stage, delay_ns, run_ns }) => stage === "run" ? run_ns : delay_ns,
  ),
  comm: table.text(
    { header: "COMM", brief: "The current task: interrupted_comm, or ksoftirqd", width: -16 },
    ({ interrupted_comm, in_ksoftirqd, cpu }) =>
      in_ksoftirqd ? `ksoftirqd/${cpu}` : interrupted_comm,
  ),
  stacks: table.words(
    { header: " ", brief: "With --stack: the functions that raised it", as: "lines" },
    ({ raise_stack }) => ["", ...[...raise_stack ?? []].map((name) => `    ${name}`)],
  ),
};
