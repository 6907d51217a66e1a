/** A tool for the tests of the frame: its trace is a timer, and its options bring about every end. */
import {
  flag,
  integer,
  list,
  type Losses,
  membersOf,
  option,
  type OptionsOf,
  type Source,
  text,
  type Tool,
  toolMain,
  Trace,
  user,
} from "#lib/tool/mod.ts";
import { BpfError, UnsupportedError, VerifierError } from "#lib/objects/errors.ts";
import { libc } from "#lib/sys/libc.ts";

export const options = {
  time: flag("T", "Include the time of day (HH:MM:SS)"),
  fails: flag("x", "Include failed ticks"),
  uid: option("u", "UID|NAME", "Count for this user only", user),
  line: option("l", "LINE", "Say LINE with every tick", text, "tick"),
  pid: list("p", "PID", "Count for these processes only", integer(1, 4194304)),
  max_args: option("", "N", "Show at most N arguments", integer(1, 4096), 20),
  pause: option("", "MS", "Time between two batches", integer(0, 60_000), 20),
  batch: option("", "N", "Ticks in a batch", integer(1, 100_000), 1),
  lost: option("", "N", "Claim that N events were lost", integer(0, 1000), 0),
  fault: option("", "NAME", "Fail while loading", text),
  deaf: flag("", "Go on when asked to stop"),
  busy: flag("", "Compute for a minute after the first batch, without a pause"),
  nonblocking: flag("", "Make standard output nonblocking, as a parent process may do"),
};

export type Options = OptionsOf<typeof options>;

export interface Tick {
  readonly number: number;
  readonly text: string;
}

const tick = membersOf<Tick>();

const fields = {
  time: tick.time({ brief: "When it ticked", width: -8 }, () => 1_785_145_267_123_456_789n),
  number: tick.integer({ brief: "Which tick", width: 6 }, (tick) => tick.number),
  text: tick.text({ brief: "What it says" }, (tick) => tick.text),
  odd: tick.boolean(
    { brief: "Whether its number is odd", only: "table" },
    (tick) => tick.number % 2 === 1,
  ),
};

export const tool: Tool<Options, Tick> = {
  name: "ticks",
  brief:
    "Count the ticks of a timer, which is enough to try out all that a tool's frame does for it",
  options,
  fields,
  examples: [
    ["ticks", "count until Ctrl-C"],
    [
      "ticks -x -l tock",
      "say tock, and include failed ticks, which there are none of in this tool",
    ],
  ],
  aliases: { tocks: ["-l", "tock"] },
  columns: (options) => [options.time && "time", "number", "text"],
  failed: (tick) => tick.number % 2 === 0,
  trace: (options) => new Trace(new TickSource(options)),
};

const FAULTS: Record<string, () => Error> = {
  bug: () => new TypeError("a bug"),
  eperm: () => new BpfError("load ticks", 1, "run it as root"),
  enoent: () => new BpfError("attach ticks", 2),
  unsupported: () => new UnsupportedError("load ticks", 22, "ring buffers", "5.8"),
  verifier: () => new VerifierError("load ticks", 13, "handle_tick", "0: (b7) r0 = 0\nno luck\n"),
};

class TickSource implements Source<Tick> {
  readonly #options: Options;

  constructor(options: Options) {
    if (options.fault !== undefined) throw FAULTS[options.fault]();
    if (options.nonblocking) makeNonblocking(1);
    this.#options = options;
  }

  losses(): Losses {
    return { ring: BigInt(this.#options.lost) };
  }

  takeSignal(): boolean {
    return this.#options.deaf;
  }

  async *batches(signal: AbortSignal): AsyncGenerator<readonly Tick[], void, void> {
    const { batch, line, pause, busy } = this.#options;
    let number = 0;
    const ticks = (length: number, text: string) =>
      Array.from({ length }, () => ({ number: ++number, text }));
    while (!signal.aborted) {
      yield ticks(batch, line);
      for (const end = performance.now() + 60_000; busy && performance.now() < end;);
      await until(signal, pause);
    }
    yield ticks(1, "the last");
  }

  [Symbol.dispose](): void {}
}

/** Resolves after this many milliseconds, or when `signal` is aborted. */
async function until(signal: AbortSignal, milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  signal.addEventListener("abort", stop);
  const timer = setTimeout(resolve, milliseconds);
  if (signal.aborted) resolve();
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
}

function makeNonblocking(fd: number): void {
  const F_SETFL = 4;
  const O_NONBLOCK = 0o4000;
  // int fcntl(int fd, int cmd, ... /* int flags */)
  const library = Deno.dlopen(libc(), {
    fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  });
  library.symbols.fcntl(fd, F_SETFL, O_NONBLOCK);
}

if (import.meta.main) await toolMain(tool);
