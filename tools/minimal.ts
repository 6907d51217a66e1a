#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * minimal: the least that a BPF tool can be. The kernel half writes a line into the trace pipe whenever
 * this process calls write(2); this half calls it once a second and shows those lines.
 */
import { Minimal } from "#skel/minimal.ts";
import { BpfError } from "#lib/objects/errors.ts";
import { EAGAIN, EBUSY, SystemError } from "#lib/sys/errno.ts";
import { fileId, OpenFile } from "#lib/sys/file.ts";
import { mountTracefs } from "#lib/sys/mounts.ts";
import { type Tool, toolMain, type Trace, type TraceOptions } from "#lib/tool/mod.ts";

/** One line of the trace pipe. */
interface Line {
  readonly line: string;
}

export const tool: Tool<unknown, Line> = {
  name: "minimal",
  brief: "Show in the trace pipe that this process calls write(2), once a second",
  options: {},
  examples: [["minimal", "a line a second, until Ctrl-C"]],
  fields: {
    line: {
      type: "text",
      header: "TRACE PIPE",
      brief: "A line of the trace pipe",
      value: (e) => e.line,
    },
  },
  columns: () => ["line"],
  trace: minimal,
};

/** Starts tracing: the program is attached when this returns. */
export function minimal({ signal }: TraceOptions<unknown> = {}): Trace<Line> {
  const opened = Minimal.open();
  try {
    const namespace = fileId("/proc/self/ns/pid");
    opened.bss.my_pid = Deno.pid;
    opened.bss.my_dev = BigInt(namespace.dev);
    opened.bss.my_ino = namespace.ino;
    return new PipeTrace(opened.load().attach(), signal);
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

const SECOND = 1000;

function openTracePipe(): OpenFile {
  try {
    return OpenFile.open(`${mountTracefs()}/trace_pipe`, { nonblocking: true });
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== EBUSY) throw error;
    const hint = "another program reads the trace pipe, and only one can: end that first";
    throw new BpfError(error.operation, EBUSY, hint);
  }
}

/**
 * Looks into the trace pipe once a second. It must not wait there: waking up a thread is a write(2) of
 * this process too, which would be traced, which would wake the thread.
 */
class PipeTrace implements Trace<Line> {
  readonly #pipe = openTracePipe();
  readonly #skeleton: Disposable;
  #stopped = Promise.withResolvers<void>();
  #running = true;
  readonly lost = 0n;
  readonly losses = {};

  constructor(skeleton: Disposable, signal?: AbortSignal) {
    this.#skeleton = skeleton;
    if (signal?.aborted) this.stop();
    signal?.addEventListener("abort", () => this.stop());
  }

  stop(): void {
    this.#running = false;
    this.#stopped.resolve();
  }

  async *batches(): AsyncGenerator<readonly Line[], void, void> {
    while (this.#running) {
      Deno.stderr.writeSync(new TextEncoder().encode("."));
      const lines = this.#read().filter((line) => line.includes(`from PID ${Deno.pid}.`));
      if (lines.length > 0) yield lines.map((line) => ({ line }));
      await this.#second();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Line, void, void> {
    for await (const lines of this.batches()) yield* lines;
  }

  [Symbol.dispose](): void {
    this.#pipe[Symbol.dispose]();
    this.#skeleton[Symbol.dispose]();
  }

  #read(): string[] {
    try {
      return new TextDecoder().decode(this.#pipe.read(64 * 1024)).trimEnd().split("\n");
    } catch (error) {
      if (error instanceof SystemError && error.errno === EAGAIN) return [];
      throw error;
    }
  }

  async #second(): Promise<void> {
    const timer = setTimeout(() => this.#stopped.resolve(), SECOND);
    await this.#stopped.promise;
    clearTimeout(timer);
    if (this.#running) this.#stopped = Promise.withResolvers();
  }
}

if (import.meta.main) await toolMain(tool);
