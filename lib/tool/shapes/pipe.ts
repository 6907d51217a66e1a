import { BpfError } from "../../objects/errors.ts";
import { EBUSY, SystemError } from "../../sys/errno.ts";
import { TracePipe } from "../../sys/trace_pipe.ts";
import { membersOf } from "../members/members_of.ts";
import type { Declarations, Operands } from "../options/declarations.ts";
import type { Tool } from "../tool.ts";
import { loadSkeleton } from "../trace/load.ts";
import { type PipeLine, PipeSource } from "../trace/pipe_source.ts";
import type { Attaching } from "../trace/ring_source.ts";
import { Trace, type TraceOptions } from "../trace/trace.ts";
import { commonParts, type ToolParts, type Wanted, wantedOf } from "./tool_parts.ts";

/** The declaration of a tool whose kernel half writes into the trace pipe what it sees. */
export interface PipeTool<O extends Declarations, P extends Operands, L extends Attaching>
  extends Omit<ToolParts<O, P>, "options" | "examples"> {
  /** Its own options; none if left out. */
  readonly options?: O;
  /** Command lines worth copying; one that says the obvious if left out. */
  readonly examples?: ToolParts<O, P>["examples"];
  /** Opens the skeleton and sets what is to be set before load. */
  open(options: Wanted<O, P>): Disposable & { load(): L };
  /**
   * Sets and attaches what libbpf does not, before the rest.
   * @returns what detaches it, unless that is among the skeleton's links
   */
  attach?(skeleton: L, options: Wanted<O, P>): Disposable | void;
  /** What this process does once a second, to be seen by its own kernel half. */
  everySecond?(): void;
  /** Which lines are shown; by default those of all BPF programs, as the pipe is the whole host's. */
  wanted?(line: string): boolean;
}

const { text } = membersOf<PipeLine>();
const members = {
  line: text({ brief: "A line of the trace pipe", header: "TRACE PIPE" }, (e) => e.line),
};

/**
 * Makes a tool of its declaration: the command, and the function that other programs import.
 *
 * @example
 * ```ts
 * import { Minimal } from "#skel/minimal.ts";
 * import { pipeTool } from "@denobpf/denobpf/tool";
 *
 * const { tool } = pipeTool({
 *   name: "printed",
 *   brief: "Show what a kernel half prints",
 *   open: () => Minimal.open(),
 * });
 * console.log(tool.name);
 * ```
 */
export function pipeTool<
  O extends Declarations,
  L extends Attaching,
  P extends Operands = Record<never, never>,
>(
  declared: PipeTool<O, P, L>,
): {
  readonly tool: Tool<Wanted<O, P>, PipeLine>;
  readonly start: (given?: TraceOptions<Wanted<O, P>>) => Trace<PipeLine>;
} {
  const { name, options = {} as O, examples = [[name, "each line, until Ctrl-C"]] } = declared;

  function start(given: TraceOptions<Wanted<O, P>> = {}): Trace<PipeLine> {
    const wanted = wantedOf({ options, operands: declared.operands }, given);
    using stack = new DisposableStack();
    const pipe = stack.use(openTracePipe());
    const skeleton = loadSkeleton(declared.open(wanted));
    stack.move();
    const source = new PipeSource({
      pipe,
      skeleton,
      attach: () => declared.attach?.(skeleton, wanted),
      everySecond: declared.everySecond,
      wanted: declared.wanted ?? isPrinted,
    });
    return new Trace(source, given.signal);
  }

  return {
    start,
    tool: {
      ...commonParts({ ...declared, options, examples }),
      fields: members,
      columns: () => ["line"],
      trace: (options) => start(options as TraceOptions<Wanted<O, P>>),
    },
  };
}

/** Whether a line of the pipe is one of a BPF program: others may trace other events into it. */
function isPrinted(line: string): boolean {
  return line.includes(": bpf_trace_printk: ");
}

function openTracePipe(): TracePipe {
  try {
    return TracePipe.open();
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== EBUSY) throw error;
    const hint = "another program reads the trace pipe, and only one can: end that first";
    throw new BpfError(error.operation, EBUSY, hint);
  }
}
