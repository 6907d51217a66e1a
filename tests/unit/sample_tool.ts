/** A tool for the tests of the frame: its trace is a timer, and its options bring about every end. */
import {
  type Fields,
  flag,
  integer,
  list,
  type Losses,
  option,
  type OptionsOf,
  text,
  type Tool,
  toolMain,
  type Trace,
  user,
} from "#lib/tool/mod.ts";
import { BpfError, UnsupportedError, VerifierError } from "#lib/objects/errors.ts";
import { totalLost } from "#lib/tool/losses.ts";
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
  deaf: flag("", "Go on when told to stop"),
  nonblocking: flag("", "Make standard output nonblocking, as a parent process may do"),
};

export type Options = OptionsOf<typeof options>;

export interface Tick {
  readonly number: number;
  readonly text: string;
}

const fields: Fields<Tick> = {
  time: {
    type: "time",
    width: -8,
    brief: "When it ticked",
    value: () => 1_785_145_267_123_456_789n,
  },
  number: { type: "integer", width: 6, brief: "Which tick", value: (tick) => tick.number },
  text: { type: "text", brief: "What it says", value: (tick) => tick.text },
  odd: {
    type: "boolean",
    only: "table",
    brief: "Whether its number is odd",
    value: (tick) => tick.number % 2 === 1,
  },
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
  trace: (options) => new TickTrace(options),
};

const FAULTS: Record<string, () => Error> = {
  bug: () => new TypeError("a bug"),
  eperm: () => new BpfError("load ticks", 1, "run it as root"),
  enoent: () => new BpfError("attach ticks", 2),
  unsupported: () => new UnsupportedError("load ticks", 22, "ring buffers", "5.8"),
  verifier: () => new VerifierError("load ticks", 13, "handle_tick", "0: (b7) r0 = 0\nno luck\n"),
};

class TickTrace implements Trace<Tick> {
  readonly losses: Losses;
  readonly #options: Options;
  #running = true;
  #wake = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: Options) {
    if (options.fault !== undefined) throw FAULTS[options.fault]();
    if (options.nonblocking) makeNonblocking(1);
    this.#options = options;
    this.losses = { ring: BigInt(options.lost) };
  }

  get lost(): bigint {
    return totalLost(this.losses);
  }

  async *batches(): AsyncGenerator<readonly Tick[]> {
    const { batch, line, pause } = this.#options;
    let number = 0;
    const ticks = (length: number, text: string) =>
      Array.from({ length }, () => ({ number: ++number, text }));
    while (this.#running) {
      yield ticks(batch, line);
      await new Promise<void>((resolve) => {
        this.#timer = setTimeout(resolve, pause);
        this.#wake = resolve;
      });
    }
    yield ticks(1, "the last");
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Tick> {
    for await (const ticks of this.batches()) yield* ticks;
  }

  stop(): void {
    if (this.#options.deaf) return;
    this.#running = false;
    clearTimeout(this.#timer);
    this.#wake();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
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
