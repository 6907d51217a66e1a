/** A task whose turns on a CPU the kernel has counted. */
import { delay, patient } from "../kernel/patience.ts";

const workload = new URL("../../build/tests/turns", import.meta.url).pathname;
const READ = Deno.build.arch === "x86_64" ? "0" : "63";

/** What the kernel has counted of a task so far. */
export interface Counts {
  readonly woken: number;
  readonly preempted: number;
  readonly waited_ns: number;
  readonly ran_ns: number;
}

/** A task that shares CPU 0 with its parent, and takes turns when it is asked to: see tests/workloads/turns.c. */
export class Turns implements AsyncDisposable {
  readonly #parent: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;
  #pid = 0;

  /** Starts it, and waits until it has blocked. */
  static async start(what: "wake" | "preempt" = "wake", count = 101): Promise<Turns> {
    const turns = new Turns([what, `${count}`]);
    const { value } = await turns.#stdout.read();
    turns.#pid = Number(new TextDecoder().decode(value));
    await turns.#rest();
    return turns;
  }

  private constructor(args: string[]) {
    this.#parent = new Deno.Command(workload, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#stdin = this.#parent.stdin.getWriter();
    this.#stdout = this.#parent.stdout.getReader();
  }

  get pid(): number {
    return this.#pid;
  }

  /** The process that wakes it up. */
  get parent(): number {
    return this.#parent.pid;
  }

  /** Has it take its turns, and waits until it has blocked again. */
  async take(): Promise<Counts> {
    const before = this.#counts();
    await this.#stdin.write(new TextEncoder().encode("\n"));
    await this.#stdout.read();
    await this.#rest();
    const after = this.#counts();
    return {
      woken: after.woken - before.woken,
      preempted: after.preempted - before.preempted,
      waited_ns: after.waited_ns - before.waited_ns,
      ran_ns: after.ran_ns - before.ran_ns,
    };
  }

  async #rest(): Promise<void> {
    while (!this.#read("syscall").startsWith(`${READ} `)) await delay(1);
  }

  #counts(): Counts {
    const status = this.#read("status");
    const [ran_ns, waited_ns] = this.#read("schedstat").split(" ").map(Number);
    return {
      woken: Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)![1]),
      preempted: Number(/^nonvoluntary_ctxt_switches:\s*(\d+)/m.exec(status)![1]),
      waited_ns,
      ran_ns,
    };
  }

  #read(file: string): string {
    return Deno.readTextFileSync(`/proc/${this.#pid}/${file}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close();
    await this.#stdout.cancel();
    await this.#parent.status;
  }
}

/**
 * How far a tool's sum of this many waits may be from the kernel's, in nanoseconds: the scheduler reads its clock
 * a little before or after its tracepoints. A machine that is not always given its CPUs may lose one in between:
 * then turns are to be taken again.
 */
export function tolerance(waits: number, { waited_ns }: Counts): number {
  return 0.02 * waited_ns + waits * patient(0.02) * 1e6;
}

/** Whether these waits together took as long as the kernel says. */
export function tookAsLong(waits: number, total_ns: number, counts: Counts): boolean {
  return Math.abs(total_ns - counts.waited_ns) <= tolerance(waits, counts);
}

/** How often turns are taken again for that. */
export const TRIES = 7;
