import type { event, Profile } from "#skel/profile.ts";
import type { Counter } from "#lib/tool/mod.ts";
import { frameName, KeptNames, mostFrames, Symbolizer } from "#lib/tool/stacks.ts";

type Loaded = ReturnType<ReturnType<typeof Profile.open>["load"]>;
type Sample = Pick<event, "pid" | "comm" | "kernel_size" | "user_size" | "strings">;

/** The shortest record of the ring: its header, and an event without frames. */
const SHORTEST = 8 + 32;

/** How long names are looked up for at a time, in milliseconds: meanwhile nothing ends the trace. */
const NAMING_MS = 200;

/** Samples of one thread's name and one stack. */
export interface Samples {
  readonly comm: string;
  readonly pid: number;
  readonly kernel: readonly string[];
  readonly user: readonly string[];
  /** Whether the kernel may have left out frames, as there were as many as it may take. */
  readonly truncated: boolean;
  samples: number;
  /** All samples of the table. */
  all: number;
}

/** What has the same addresses, before these have names. */
interface Addresses extends Pick<Samples, "comm" | "pid"> {
  readonly kernel: readonly bigint[];
  readonly user: readonly bigint[];
  samples: number;
}

/** Counts samples by the names of their stacks, which are read while most processes are still there. */
export class SampleCounter implements Counter<Samples> {
  readonly #events: Loaded["maps"]["events"];
  readonly #symbolizer = new Symbolizer();
  readonly #most: number;
  readonly #names = new KeptNames();
  #unnamed = new Map<string, Addresses>();
  #rows = new Map<string, Samples>();

  /** @param most frames of a stack at most */
  constructor({ bss, maps }: Loaded, most: number) {
    this.#events = maps.events;
    this.#most = Math.min(most, mostFrames());
    bss.reader_rests = true; // nobody waits at the ring
    this.#symbolizer.kernel(0n); // reads the kernel's symbols, before there are samples that wait
  }

  /** Takes what is in the ring, and not what comes meanwhile: a slow reader would never be done. */
  collect(): Promise<void> {
    this.#events.consume((sample) => this.#count(sample), this.#events.maxEntries / SHORTEST);
    this.#nameFor(NAMING_MS);
    return Promise.resolve();
  }

  take(): Samples[] {
    this.#nameFor(Infinity);
    const rows = [...this.#rows.values()];
    this.#rows = new Map();
    this.#names.forget();
    const all = rows.reduce((sum, { samples }) => sum + samples, 0);
    return rows.map((row) => ({ ...row, all }));
  }

  /** Names stacks process by process, those first whose samples came first, until this time is over. */
  #nameFor(ms: number): void {
    const end = performance.now() + ms;
    const processes = Map.groupBy(this.#unnamed, ([, { pid }]) => pid);
    for (const [pid, entries] of processes) {
      this.#name(pid, entries.map(([, addresses]) => addresses));
      for (const [key] of entries) this.#unnamed.delete(key);
      if (performance.now() > end) break;
    }
  }

  /** Adds stacks of a process to the rows of their names: addresses within one function have one. */
  #name(pid: number, stacks: readonly Addresses[]): void {
    const kernels = this.#symbolizer.stacks(undefined, stacks.map(({ kernel }) => kernel));
    const users = this.#symbolizer.stacks(pid || undefined, stacks.map(({ user }) => user));
    for (const [at, { comm, samples }] of stacks.entries()) {
      const [kernel, user] = [kernels[at], users[at]]
        .map((frames) => this.#names.kept(frames.map(frameName)));
      const truncated = Math.max(kernel.length, user.length) >= this.#most;
      const key = JSON.stringify([pid, comm, this.#names.key(kernel), this.#names.key(user)]);
      const row = this.#rows.get(key);
      if (row !== undefined) row.samples += samples;
      else this.#rows.set(key, { comm, pid, kernel, user, truncated, samples, all: 0 });
    }
  }

  #count({ pid, comm, kernel_size, user_size, strings }: Sample): void {
    const stacks = new BigUint64Array(strings.slice(0, kernel_size + user_size).buffer);
    const key = `${pid} ${comm} ${kernel_size} ${stacks.join()}`;
    const known = this.#unnamed.get(key);
    if (known !== undefined) {
      known.samples++;
      return;
    }
    const kernel = [...stacks.subarray(0, kernel_size / 8)];
    const user = [...stacks.subarray(kernel_size / 8)];
    this.#unnamed.set(key, { pid, comm, kernel, user, samples: 1 });
  }
}
