import type { ChildProcess } from "../../sys/child_process.ts";
import { wallTime } from "../../sys/clock.ts";
import { SystemError } from "../../sys/errno.ts";
import { ExitCode, ExitError } from "../ending/exit.ts";
import { type EventOf, keptMembers, type Members } from "../members/member.ts";
import { copierOf } from "../members/placed_view.ts";
import {
  type Declarations,
  flag,
  type Operands,
  option,
  optional,
} from "../options/declarations.ts";
import { count, integer, seconds } from "../options/parsers.ts";
import { escapeText } from "../text/escape.ts";
import { drawHistogram, type HistogramLook } from "../text/histogram.ts";
import type { Flames, Tool } from "../tool.ts";
import type { Counter } from "../trace/counter_sets.ts";
import { IntervalSource } from "../trace/interval_source.ts";
import { type Counting, lossesOf } from "../trace/losses_of.ts";
import type { Attaching } from "../trace/ring_source.ts";
import { Trace, type TraceOptions } from "../trace/trace.ts";
import { commonParts, type ToolParts, type Wanted, wantedOf } from "./tool_parts.ts";
import { loadTool } from "./load_tool.ts";

/**
 * When tables are shown: options to be spread into those of a tool, which the frame obeys.
 *
 * @example
 * ```ts
 * import { intervalOptions, withDefaults } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(withDefaults(intervalOptions, {}).interval, 0);
 * ```
 */
export const intervalOptions = {
  interval: option("i", "SECONDS", "Show a table this often; 0: one at the end", seconds, 0),
  count: option("", "N", "Stop after this many tables", count),
  duration: option("d", "SECONDS", "Stop after this time", seconds),
};

/**
 * The same as the words `[INTERVAL [COUNT]]` of the C tools.
 *
 * @example
 * ```ts
 * import { intervalOperands } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Object.keys(intervalOperands), ["interval", "count"]);
 * ```
 */
export const intervalOperands = {
  interval: optional("INTERVAL", "Show a table every INTERVAL seconds", seconds),
  count: optional("COUNT", "Stop after COUNT tables", count),
};

/**
 * How many rows are shown: options to be spread into those of a tool, which the frame obeys.
 *
 * @example
 * ```ts
 * import { topOptions, withDefaults } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(withDefaults(topOptions, {}).top, false);
 * ```
 */
export const topOptions = {
  top: { ...flag("", "Show tables in place, on a screen of their own"), number: "rows" },
  rows: option("", "ROWS", "Print only the first rows", integer(1, 1e6)),
};

/** What the frame reads of these. */
interface Obeyed {
  readonly interval?: number;
  readonly count?: number;
  readonly duration?: number;
  readonly top?: boolean;
  readonly rows?: number;
  /** The words of a command that is run and traced. */
  readonly command?: readonly string[];
}

/** What members are read from: what was counted, and the table that it is in. */
export type Counted<R, C = unknown> = R & {
  /** The end of the table's time, in nanoseconds since 1970. */
  readonly $time: bigint;
  /** How many seconds the table spans. */
  readonly $seconds: number;
  /** What the tool itself keeps for the trace: its `own`. */
  readonly $own: C;
};

/** The declaration of a tool whose kernel half counts into maps, and which shows tables of that. */
export interface CountTool<
  O extends Declarations,
  P extends Operands,
  R,
  Op extends Disposable & { load(): unknown },
  // deno-lint-ignore no-explicit-any
  M extends Members<any>,
  D extends Members<EventOf<M>>,
  C,
> extends ToolParts<O, P> {
  /** The members of a row, in the order of JSON and CSV. */
  readonly members: M;
  /** What tables alone show, made of the members. */
  readonly derived?: D;
  /** The line above the first table; none where tables run on. */
  title?(options: Wanted<O, P>): string;
  /** Tables of one row each run on below one header, with nothing between them; and so does one alone. */
  runs_on?(options: Wanted<O, P>): boolean;
  /** There is one table, at once: it lists what exists, and counts no events. */
  readonly at_once?: boolean;
  /** The columns of the table; none where histograms say it all. */
  columns(options: Wanted<O, P>): readonly (keyof M & string | keyof D & string | false)[];
  /** How rows are sorted unless the user says otherwise: `-count` for the largest first. */
  order(
    options: Wanted<O, P>,
  ): `${"" | "-"}${(keyof M & string) | (keyof D & string)}`;
  /** How many rows a table on paper has at most, unless the user says otherwise. */
  readonly limit?: number;
  /**
   * Whether the time stands above a table, as `HH:MM:SS`, or what stands behind it there. Left out: always,
   * in brackets.
   */
  stamp?(options: Wanted<O, P>): boolean | string;
  /** Whether tables take each other's place on a screen of their own. Left out: with `--top`. */
  live?(options: Wanted<O, P>): boolean;
  /** Which member is drawn as a histogram below the table, if any, and as what. */
  histogram?(
    options: Wanted<O, P>,
  ): { readonly of: keyof M & string } & HistogramLook | undefined;
  /** The line above the histogram of a row, shown also where there is none to draw. */
  heading?(row: EventOf<M>, options: Wanted<O, P>): string;
  /** Text in place of columns and histograms, where the tool shows its rows in a form of its own. */
  text?(rows: readonly EventOf<M>[], options: Wanted<O, P>): string | undefined;
  /** Whether that text stands alone, without title, time and empty line, for other programs to read. */
  bare?(options: Wanted<O, P>): boolean;
  /** How rows are drawn as a flame graph, if they have stacks. */
  readonly flames?: Flames<Wanted<O, P>, EventOf<M>>;
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
  /** Takes over what was counted: most tools have a {@link CounterSets} of their map. */
  counter(skeleton: ReturnType<Op["load"]>, options: Wanted<O, P>): Counter<R>;
  /** Whether a map may fill up between two tables: then it is collected every second. */
  fills?(options: Wanted<O, P>): boolean;
  /** Starts the command that is traced, if there is one. */
  run?(skeleton: ReturnType<Op["load"]>, command: readonly string[]): ChildProcess;
}

/**
 * Makes a tool of its declaration: the command, and the function that other programs import.
 *
 * @example
 * ```ts
 * import { type cell, type group, Syscount } from "#skel/syscount.ts";
 * import {
 *   countTool,
 *   type Counted,
 *   CounterSets,
 *   loadHooks,
 *   membersOf,
 * } from "@denobpf/denobpf/tool";
 *
 * const member = membersOf<Counted<group & cell>>();
 * const { start: calls } = countTool({
 *   name: "calls",
 *   brief: "Count system calls",
 *   examples: [["calls", "all of them, until Ctrl-C"]],
 *   options: {},
 *   members: {
 *     pid: member.integer({ brief: "Process" }, (r) => r.pid),
 *     count: member.integer({ brief: "Calls" }, (r) => Number(r.count)),
 *   },
 *   title: () => "Counting system calls",
 *   columns: () => ["pid", "count"],
 *   order: () => "-count",
 *   open: () => Syscount.open(),
 *   prepare({ rodata, progs, maps }) {
 *     rodata.by_process = true;
 *     maps.groups.maxEntries = 1024;
 *     loadHooks(progs, { enter: true, exit: false, fork: false, exec: false, end: false });
 *   },
 *   counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.groups),
 * });
 *
 * using trace = calls({ signal: AbortSignal.timeout(50) });
 * for await (const { pid, count } of trace) if (pid === Deno.pid) console.log(count);
 * ```
 */
export function countTool<
  O extends Declarations,
  R,
  Op extends Disposable & { load(): Attaching & Counting },
  // deno-lint-ignore no-explicit-any
  M extends Members<any>,
  D extends Members<EventOf<M>> = Record<never, never>,
  C = unknown,
  P extends Operands = Record<never, never>,
>(declared: CountTool<O, P, R, Op, M, D, C>): {
  readonly tool: Tool<Wanted<O, P>, EventOf<M>>;
  readonly start: (
    given?: TraceOptions<Wanted<O, P>>,
    shown?: ReadonlySet<string>,
  ) => Trace<EventOf<M>>;
} {
  const { options, members, derived = {} as D, histogram, heading, stamp } = declared;
  const fields: Members = { ...keptMembers(members), ...tableOnly(derived) };
  const everything = new Set(Object.keys(fields));

  function start(
    given: TraceOptions<Wanted<O, P>> = {},
    shown: ReadonlySet<string> = everything,
  ): Trace<EventOf<M>> {
    const wanted = wantedOf(declared, given);
    const { interval, count, duration, top, command } = wanted as Obeyed;
    const skeleton = loadTool(
      declared.open(wanted, shown),
      options,
      wanted,
      (opened) => declared.prepare?.(opened, wanted, shown),
    ) as ReturnType<Op["load"]> & Attaching & Counting;
    const counter = declared.counter(skeleton, wanted);
    const $own = declared.own?.(wanted) as C;
    const copy = copierOf(members);
    let before = performance.now();
    const source = new IntervalSource<EventOf<M>>({
      skeleton,
      attach: () => declared.attach?.(skeleton, wanted),
      attached() {
        declared.attached?.(skeleton);
        counter.attached?.();
        before = performance.now();
      },
      detaching: () => counter.detaching?.(),
      interval: interval || (top === true ? 1 : undefined), // a tool's own `top` may be a number
      count,
      duration: declared.at_once ? 0 : duration,
      fills: declared.fills?.(wanted),
      collect: () => counter.collect(),
      rows() {
        const now = performance.now();
        const table = { $time: wallTime(), $seconds: (now - before) / 1000, $own };
        before = now;
        return counter.take().map((row) => copy({ ...row, ...table } as Counted<R, C>));
      },
      losses: () => ({
        ...lossesOf(skeleton),
        ...counter.lost !== undefined && { rows: counter.lost },
      }),
      unseen: () => counter.unseen ?? [],
      start: command && declared.run && (() => started(() => declared.run!(skeleton, command))),
    });
    return new Trace(source, given.signal);
  }

  return {
    start,
    tool: {
      ...commonParts(declared),
      fields,
      columns: declared.columns,
      trace: (options, shown) => start(options as TraceOptions<Wanted<O, P>>, shown),
      tables: {
        title: declared.title,
        runs_on: declared.runs_on,
        order: declared.order,
        stamp,
        text: declared.text,
        bare: declared.bare,
        flames: declared.flames,
        limit: (options, output) =>
          (options as Obeyed).rows ??
            (output === "table" ? declared.limit ?? Infinity : Infinity),
        live: declared.live ?? ((options) => (options as Obeyed).top ?? false),
        below(rows, options) {
          const look = histogram?.(options);
          if (look === undefined) return "";
          return rows.map((row) => {
            const drawn = drawHistogram(row[look.of] as readonly number[] ?? [], look);
            const above = escapeText(heading?.(row, options) ?? "");
            return above ? `\n${above}\n${drawn}` : drawn;
          }).join("");
        },
      },
    },
  };
}

/** @throws {ExitError} if the command cannot be run */
function started(run: () => ChildProcess): ChildProcess {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof SystemError)) throw cause;
    const { CommandNotFound, CommandNotRun } = ExitCode;
    const code = cause.code === "ENOENT" ? CommandNotFound : CommandNotRun;
    throw new ExitError(code, cause.message, { cause });
  }
}

/** Members for tables alone, which are made of a row's members. */
function tableOnly(derived: Members): Members {
  return Object.fromEntries(
    Object.entries(derived).map(([name, member]) => [name, { ...member, only: "table" }]),
  );
}
