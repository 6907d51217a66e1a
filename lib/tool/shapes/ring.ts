import type { RecordView } from "../../btf/codec.ts";
import type { EventBuffer } from "../../objects/ring_buffer.ts";
import { WallClock } from "../../sys/clock.ts";
import {
  type EventOf,
  type InPlace,
  keptMembers,
  type LazyOf,
  type Members,
  type RecordOf,
} from "../members/member.ts";
import { copierOf, type Placed, placedView } from "../members/placed_view.ts";
import { type Declarations, type Operands, optional } from "../options/declarations.ts";
import { seconds } from "../options/parsers.ts";
import type { Tool } from "../tool.ts";
import { type Counting, lossesOf } from "../trace/losses_of.ts";
import { type Attaching, RingSource } from "../trace/ring_source.ts";
import { Trace, type TraceOptions } from "../trace/trace.ts";
import { commonParts, type ToolParts, type Wanted, wantedOf } from "./tool_parts.ts";
import { loadTool } from "./load_tool.ts";

/**
 * A loaded skeleton with a ring or perf buffer called `events`. By convention, and so without a
 * declaration: `lost` and `lost_map` of `.bss` are losses, as are the misses of all loaded programs;
 * `reader_rests` is bpf/include/wake.h's.
 */
export type RingSkeleton<R extends RecordView = RecordView> = Attaching & Counting & {
  readonly maps: { readonly events: EventBuffer<unknown, R> };
};

/**
 * The word `[DURATION]` of the C tools, as the option `--seconds` is.
 *
 * @example
 * ```ts
 * import { durationOperand } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(durationOperand.seconds.parse("2.5"), 2.5);
 * ```
 */
export const durationOperand = {
  seconds: optional("DURATION", "Stop after DURATION seconds", seconds),
};

/** Joins events that belong together, for as long as a trace lasts. */
export interface Join<E, R> {
  /**
   * Takes an event.
   * @param record where it lies
   * @param passes whether the options want it to be shown
   * @param show to be called with each event that is to be shown now
   */
  take(event: E, record: R, passes: boolean, show: (event: E) => void): void;
  /** What is left when the trace ends: events that waited for others that never came. */
  rest(): readonly E[];
}

/** The declaration of a tool that shows an event for each record of a ring. */
export interface RingTool<
  O extends Declarations,
  P extends Operands,
  Op extends Disposable & { load(): unknown },
  M extends Members,
  D extends Members<InPlace<M>>,
  C,
> extends ToolParts<O, P> {
  /** The members of an event, in the order of JSON and CSV. */
  readonly members: M;
  /** What tables alone show, made of the members. */
  readonly derived?: D;
  /** The columns of the table; `false` is skipped. */
  columns(options: Wanted<O, P>): readonly (keyof M & string | keyof D & string | false)[];
  /** Which events stand for a failure and are red on a terminal. */
  failed?(event: LazyOf<M>): boolean;
  /** Which events are shown, where the user half decides: `-n NAME`. */
  passes?(event: InPlace<M>, options: Wanted<O, P>, record: RecordOf<M>): boolean;
  /** Joins events, if these options ask for it. */
  join?(options: Wanted<O, P>): Join<EventOf<M>, RecordOf<M>> | undefined;
  /** What readers of members find as `$own`. */
  own?(options: Wanted<O, P>): C;
  /** Opens the object. */
  open(options: Wanted<O, P>, shown: ReadonlySet<string>): Op;
  /** Sets what is to be set before load; targets are set by the frame. */
  prepare?(opened: Op, options: Wanted<O, P>, shown: ReadonlySet<string>): void;
  /**
   * Attaches what libbpf does not, before the rest.
   * @returns what detaches it, unless that is among the skeleton's links
   */
  attach?(skeleton: ReturnType<Op["load"]>, options: Wanted<O, P>): Disposable | void;
  /** Records what was there before the programs, which are attached by now. */
  attached?(skeleton: ReturnType<Op["load"]>): void;
}

/**
 * Makes a tool of its declaration: the command, and the function that other programs import.
 *
 * @example
 * ```ts
 * import { Bootstrap, event } from "#skel/bootstrap.ts";
 * import { loadHooks, membersOf, ringTool } from "@denobpf/denobpf/tool";
 *
 * const { integer, text } = membersOf(event);
 * const { start: exits } = ringTool({
 *   name: "exits",
 *   brief: "Show processes as they end",
 *   examples: [["exits", "all of them"]],
 *   options: {},
 *   members: {
 *     pid: integer({ brief: "Process" }, (r) => r.pid),
 *     comm: text({ brief: "Its name" }, (r) => r.$comm),
 *   },
 *   columns: () => ["pid", "comm"],
 *   open: () => Bootstrap.open(),
 *   prepare: ({ progs }) => loadHooks(progs, { exec: false, exit: true }),
 * });
 *
 * using trace = exits();
 * await new Deno.Command("/bin/true").output();
 * trace.stop();
 * for await (const { pid, comm } of trace) console.log(pid, comm);
 * ```
 */
export function ringTool<
  O extends Declarations,
  Op extends Disposable & { load(): RingSkeleton },
  M extends Members,
  D extends Members<InPlace<M>> = Record<never, never>,
  C = unknown,
  P extends Operands = Record<never, never>,
>(declared: RingTool<O, P, Op, M, D, C>): {
  readonly tool: Tool<Wanted<O, P>, RecordOf<M>>;
  readonly start: (
    given?: TraceOptions<Wanted<O, P>>,
    shown?: ReadonlySet<string>,
  ) => Trace<EventOf<M>, RecordOf<M>>;
} {
  const { options, members, derived, passes, failed, join } = declared;
  const more = tableOnly(derived ?? {});
  const fields: Members = { ...members, ...more };
  const everything = new Set(Object.keys(fields));

  function start(
    given: TraceOptions<Wanted<O, P>> = {},
    shown: ReadonlySet<string> = everything,
    nextTimerMs?: () => number,
  ): Trace<EventOf<M>, RecordOf<M>> {
    const wanted = wantedOf(declared, given);
    const joined = join?.(wanted);
    const skeleton = loadTool(
      declared.open(wanted, shown),
      options,
      wanted,
      (opened) => declared.prepare?.(opened, wanted, shown),
    ) as ReturnType<Op["load"]> & RingSkeleton;
    const { events } = skeleton.maps;
    const clock = new WallClock();
    const wall = (boot: bigint) => clock.at(boot);
    const own = declared.own?.(wanted) as C;
    const view = placedView(events.codec, members, wall, own);
    const wants = (record: Placed<M>) =>
      passes === undefined || passes(record.$event, wanted, record);
    let copy: ((record: RecordOf<M>) => EventOf<M>) | undefined;
    const source = new RingSource<EventOf<M>, Placed<M>>({
      skeleton,
      attach: () => declared.attach?.(skeleton, wanted),
      attached: () => declared.attached?.(skeleton),
      ring: events.readThrough(view),
      clock,
      event(record, show) {
        copy ??= copierOf(members);
        if (joined !== undefined) joined.take(copy(record), record, wants(record), show);
        else if (wants(record)) show(copy(record));
      },
      passes: joined === undefined ? wants : undefined,
      rest: () => joined?.rest() ?? [],
      readerRests: restsOf(skeleton),
      nextTimerMs,
      losses: () => lossesOf(skeleton),
    });
    return new Trace(source, nextTimerMs ? given.signal : endOf(given.signal, wanted));
  }

  return {
    start: (given, shown) => start(given, shown),
    tool: {
      ...commonParts(declared),
      fields,
      kept: join && ((options) => join(options) && { ...keptMembers(members), ...more }),
      columns: declared.columns,
      failed: failed && ((event) => failed(lazy(event))),
      trace: (options, shown, nextTimerMs) =>
        start(options as TraceOptions<Wanted<O, P>>, shown, nextTimerMs),
    },
  };
}

/** What ends the trace of a script: its own signal, and the word for how long. A command has a timer for that. */
function endOf(signal: AbortSignal | undefined, wanted: object): AbortSignal | undefined {
  const { seconds } = wanted as { readonly seconds?: number };
  if (seconds === undefined) return signal;
  return AbortSignal.any([...signal ? [signal] : [], AbortSignal.timeout(seconds * 1000)]);
}

/** The members of an event, which is kept or lies in its record. */
function lazy<M>(event: unknown): LazyOf<M> {
  return (event as { $event?: LazyOf<M> }).$event ?? event as LazyOf<M>;
}

/** Members for tables alone, which are made of the event's members. */
function tableOnly(derived: Members): Members {
  return Object.fromEntries(
    Object.entries(derived).map(([name, member]) => [name, {
      ...member,
      only: "table",
      value: (event: unknown) => member.value(lazy(event)),
    }]),
  );
}

/** Sets the variable of bpf/include/wake.h, where the kernel half has it. */
function restsOf({ bss }: Counting): ((yes: boolean) => void) | undefined {
  if (bss === undefined || !("reader_rests" in bss)) return undefined;
  return (yes) => (bss as { reader_rests: boolean }).reader_rests = yes;
}
