import { BpfError } from "../objects/errors.ts";
import { EBUSY, SystemError } from "../sys/errno.ts";
import { TracePipe } from "../sys/trace_pipe.ts";
import { loadSkeleton } from "./load.ts";
import { type Declarations, type OptionsOf, withDefaults } from "./options/declarations.ts";
import { Pauses } from "./pauses.ts";
import type { Tool } from "./tool.ts";
import type { Losses, Trace, TraceOptions } from "./trace_interface.ts";

/** A line that a kernel half has written with bpf_printk(). */
export interface PipeLine {
  readonly line: string;
}

/** What is asked of a loaded skeleton. */
interface Loaded extends Disposable {
  attach(): unknown;
  detach(): Promise<void>;
}

/** A tool whose kernel half tells in the trace pipe what it sees. */
interface PipeToolParts<D extends Declarations, L extends Loaded> {
  readonly name: string;
  readonly brief: string;
  readonly options?: D;
  readonly examples?: Tool<unknown, PipeLine>["examples"];
  /** Opens the skeleton and sets what is to be set before load. */
  open(options: OptionsOf<D>): Disposable & { load(): L };
  /**
   * Sets and attaches what libbpf does not, before the rest.
   * @returns what detaches it, unless that is among the skeleton's links
   */
  attach?(skeleton: L, options: OptionsOf<D>): Disposable | void;
  /** What this process does once a second, to be seen by its own kernel half. */
  everySecond?(): void;
  /** Which lines are shown; by default those of all BPF programs, as the pipe is the whole host's. */
  wanted?(line: string): boolean;
}

/** Declares a tool that shows the lines of its kernel half. */
export function pipeTool<D extends Declarations, L extends Loaded>(
  parts: PipeToolParts<D, L>,
): Tool<TraceOptions<OptionsOf<D>>, PipeLine> {
  const { name, brief, options = {} as D, examples = [[name, "each line, until Ctrl-C"]] } = parts;
  return {
    name,
    brief,
    options,
    examples,
    fields: {
      line: {
        type: "text",
        header: "TRACE PIPE",
        brief: "A line of the trace pipe",
        value: (e) => e.line,
      },
    },
    columns: () => ["line"],
    trace: (given) => new PipeTrace(parts, withDefaults(options, given), given.signal),
  };
}

const SECOND_MS = 1000;
/** The pipe tells nobody that it has lines: it is looked into. */
const LOOK_MS = 100;

class PipeTrace<D extends Declarations, L extends Loaded> implements Trace<PipeLine> {
  readonly #parts: PipeToolParts<D, L>;
  readonly #pipe = openTracePipe();
  #skeleton?: L;
  #attached?: Disposable | void;
  readonly #pauses = new Pauses();

  /** @throws {BpfError} what open, load and attach throw; all is closed then */
  constructor(parts: PipeToolParts<D, L>, options: OptionsOf<D>, signal?: AbortSignal) {
    this.#parts = parts;
    try {
      this.#skeleton = loadSkeleton(parts.open(options));
      this.#attached = parts.attach?.(this.#skeleton, options);
      this.#skeleton.attach();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    if (signal?.aborted) this.stop();
    signal?.addEventListener("abort", () => this.stop());
  }

  get losses(): Losses {
    return { ring: this.lost };
  }

  get lost(): bigint {
    return this.#pipe.lost;
  }

  stop(): void {
    this.#pauses.stop();
  }

  /**
   * Looks into the pipe from time to time. A kernel half that sees what this process does is looked at
   * once a second only: each line that is shown may be what gives the next one.
   */
  async *batches(): AsyncGenerator<readonly PipeLine[], void, void> {
    const { everySecond } = this.#parts;
    while (!this.#pauses.stopped) {
      everySecond?.();
      yield this.#read();
      await this.#pauses.pause(everySecond ? SECOND_MS : LOOK_MS);
    }
    this.#attached?.[Symbol.dispose]();
    await this.#skeleton?.detach();
    yield this.#read();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PipeLine, void, void> {
    for await (const lines of this.batches()) yield* lines;
  }

  [Symbol.dispose](): void {
    this.#pipe[Symbol.dispose]();
    this.#attached?.[Symbol.dispose]();
    this.#skeleton?.[Symbol.dispose]();
  }

  #read(): PipeLine[] {
    const { wanted = isPrinted } = this.#parts;
    return this.#pipe.read().filter(wanted).map((line) => ({ line }));
  }
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
