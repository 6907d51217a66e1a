import type { TracePipe } from "../../sys/trace_pipe.ts";
import type { Losses } from "./losses.ts";
import { Pauses } from "./pauses.ts";
import type { Attaching } from "./ring_source.ts";
import type { Source } from "./trace.ts";

/** A line that a kernel half has written with bpf_printk(). */
export interface PipeLine {
  /** The line, without its newline. */
  readonly line: string;
}

/** What lines of the trace pipe are made of. */
export interface PipeParts {
  /** The trace pipe; the source closes it. */
  readonly pipe: TracePipe;
  /** The loaded skeleton. */
  readonly skeleton: Attaching;
  /** Attaches what libbpf does not, before the rest. @returns what detaches it, unless a link does */
  attach?(): Disposable | void;
  /** What this process does once a second, to be seen by its own kernel half. */
  everySecond?(): void;
  /** Which lines are shown. */
  wanted(line: string): boolean;
}

const SECOND_MS = 1000;
/** The pipe does not report that it has lines: it is looked into this often. */
const LOOK_MS = 100;

/** The lines that kernel halves write into the trace pipe. */
export class PipeSource implements Source<PipeLine> {
  readonly #parts: PipeParts;
  readonly #attached: Disposable | void;
  readonly #pauses = new Pauses();

  /** @throws {BpfError} if a program cannot be attached; all is closed then */
  constructor(parts: PipeParts) {
    this.#parts = parts;
    try {
      this.#attached = parts.attach?.();
      parts.skeleton.attach();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  losses(): Losses {
    return { ring: this.#parts.pipe.lost };
  }

  /**
   * Looks into the pipe from time to time. A kernel half that sees what this process does is looked at
   * once a second only: each line that is shown may cause the next one.
   */
  async *batches(signal: AbortSignal): AsyncGenerator<readonly PipeLine[], void, void> {
    const { skeleton, everySecond } = this.#parts;
    const stop = () => this.#pauses.stop();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    while (!this.#pauses.stopped) {
      everySecond?.();
      yield this.#read();
      await this.#pauses.pause(everySecond ? SECOND_MS : LOOK_MS);
    }
    signal.removeEventListener("abort", stop);
    this.#attached?.[Symbol.dispose]();
    await skeleton.detach();
    yield this.#read();
  }

  #read(): PipeLine[] {
    const { pipe, wanted } = this.#parts;
    return pipe.read().filter(wanted).map((line) => ({ line }));
  }

  [Symbol.dispose](): void {
    this.#pauses.stop();
    this.#attached?.[Symbol.dispose]();
    this.#parts.skeleton[Symbol.dispose]();
    this.#parts.pipe[Symbol.dispose]();
  }
}
