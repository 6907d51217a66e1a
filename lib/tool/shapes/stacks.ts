import type { EventOf, Member, Members } from "../members/member.ts";
import { type Declarations, flag, type Operands } from "../options/declarations.ts";
import { type FlameFrame, taskFrame } from "../flames/flame_tree.ts";
import { foldedLine } from "../flames/folded.ts";
import { writeFlames } from "../flames/write_flames.ts";
import { escapeText } from "../text/escape.ts";
import type { Attaching } from "../trace/ring_source.ts";
import type { Counting } from "../trace/losses_of.ts";
import { type CountTool, countTool } from "./counts.ts";
import type { Wanted } from "./tool_parts.ts";

/** How stacks are shown: options to be spread into those of a tool, which the frame obeys. */
export const stackOptions = {
  folded: flag("f", "Show a line for each stack, as flame graphs are made of"),
  delimited: flag("d", "Mark where the kernel's frames end and those of the process begin"),
  annotations: flag("a", "Mark functions of the kernel with _[k]"),
};

/** What the frame reads of these. */
interface Obeyed {
  readonly folded?: boolean;
  readonly delimited?: boolean;
  readonly annotations?: boolean;
  readonly interval?: number;
}

/** What is counted by its stacks, as it is shown. */
export interface Stacked {
  readonly comm: string;
  readonly pid: number;
  /** The thread, where threads are distinguished. */
  readonly tid?: number;
  /** The functions of the kernel, the innermost first; undefined where they are not asked for. */
  readonly kernel: readonly string[] | undefined;
  /** Those of the process. */
  readonly user: readonly string[] | undefined;
}

/** Members that a tool of this shape has besides what it measures. */
type StackMembers = Members & Readonly<Record<Exclude<keyof Stacked, "tid">, Member<never>>>;

/** The declaration of a tool that measures something by stacks: samples, time or bytes. */
export interface StackTool<
  O extends Declarations,
  P extends Operands,
  R,
  Op extends Disposable & { load(): unknown },
  M extends StackMembers,
  C,
> extends
  Omit<
    CountTool<O, P, R, Op, M, Record<never, never>, C>,
    "columns" | "order" | "derived" | "histogram" | "heading" | "text" | "bare"
  > {
  /** The member that is measured, by which stacks are sorted: the largest first. A function, if options say which. */
  readonly measure: (keyof M & string) | ((options: Wanted<O, P>) => keyof M & string);
  /** Whether the largest come last. */
  ascending?(options: Wanted<O, P>): boolean;
  /** How it is shown with a stack, if not as it is: nanoseconds as microseconds. */
  shown?(measured: number, options: Wanted<O, P>): number;
  /** How a row is shown, if there is more to it than a thread and its stack. */
  readonly drawn?: DrawStack<EventOf<M>>;
  /** Its frames in flame graphs, the outermost first, if they are not a thread's name and its stack. */
  readonly path?: (row: EventOf<M>, marks: Marks) => readonly FlameFrame[];
}

/** Shows a row along with what was measured. */
type DrawStack<Row> = (row: Row, value: string, marks: Marks) => string;

/**
 * Makes a tool of its declaration: the command, and the function that other programs import. It shows a stack
 * as the C tools do, or folded.
 */
export function stackTool<
  O extends Declarations,
  R,
  Op extends Disposable & { load(): Attaching & Counting },
  M extends StackMembers,
  C = unknown,
  P extends Operands = Record<never, never>,
>(declared: StackTool<O, P, R, Op, M, C>) {
  const { measure, shown = (measured) => measured, ascending } = declared;
  const { drawn = drawnStack as never, path = stackPath as never } = declared;
  const isFolded = (options: Wanted<O, P>) => (options as Obeyed).folded ?? false;
  return countTool<O, R, Op, M, Record<never, never>, C, P>({
    ...declared,
    columns: () => [],
    order: (options) => `${ascending?.(options) ? "" : "-"}${measureOf(options)}`,
    stamp: declared.stamp ?? ((options) => Boolean((options as Obeyed).interval)),
    bare: isFolded,
    text(rows, options) {
      const marks = options as Obeyed;
      if (isFolded(options)) {
        return rows.map((row) => foldedLine(path(row, marks), shownOf(row, options))).join("");
      }
      return rows.map((row) => drawn(row, String(shownOf(row, options)), marks)).join("\n");
    },
    flames: {
      unit(options) {
        const measured = measureOf(options);
        return measured.endsWith("_ns") ? "nanoseconds" : measured;
      },
      value: valueOf,
      shown,
      write: writeFlames,
      path: (row, options) => path(row, options as Obeyed),
    },
  });

  function measureOf(options: Wanted<O, P>): keyof M & string {
    return typeof measure === "function" ? measure(options) : measure;
  }

  function valueOf(row: EventOf<M>, options: Wanted<O, P>): number {
    return Number(row[measureOf(options) as keyof EventOf<M>]);
  }

  function shownOf(row: EventOf<M>, options: Wanted<O, P>): number {
    return shown(valueOf(row, options), options);
  }
}

/** How a stack is marked. */
export type Marks = Pick<Obeyed, "delimited" | "annotations">;

/** A stack as the C tools print it: a frame a line, then whose it is, then the value. */
export function drawnStack(stack: Stacked, value: string, marks: Marks): string {
  const { comm, pid, tid = pid } = stack;
  const frames = framesOf(stack, "--", marks).map((name) => `    ${escapeText(name)}\n`);
  return `${frames.join("")}    ${"-".padEnd(16)} ${escapeText(comm)} (${tid})\n        ${value}\n`;
}

/** A thread's name and its stack, the outermost function first: `sh;main;read;[-;]vfs_read`. */
export function stackPath(stack: Stacked, marks: Marks): FlameFrame[] {
  return [taskFrame(stack.comm), ...framePath(stack, marks).reverse()];
}

/** The frames of a stack as flame graphs show them, the innermost first. */
export function framePath(stack: Pick<Stacked, "kernel" | "user">, marks: Marks): FlameFrame[] {
  const kernels = stack.kernel?.length ?? 0;
  return framesOf(stack, "-", marks)
    .map((name, at) => ({ name, kind: at < kernels ? "kernel" : "user" }));
}

/** The names of all frames, the innermost first, with a border if there are some on both sides of it. */
export function framesOf(
  { kernel = [], user = [] }: Pick<Stacked, "kernel" | "user">,
  border: string,
  { delimited = false, annotations = false }: Marks,
): string[] {
  const hasBorder = delimited && kernel.length > 0 && user.length > 0;
  const marked = annotations ? kernel.map((name) => `${name}_[k]`) : kernel;
  return [...marked, ...hasBorder ? [border] : [], ...user];
}
