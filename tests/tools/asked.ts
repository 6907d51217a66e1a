/** Processes that do something each time they are asked to: programs of tests/workloads that read a byte for it. */
import { delay } from "../kernel/patience.ts";

const IS_X86 = Deno.build.arch === "x86_64";

/** Numbers of system calls that processes block in. */
export const READ = IS_X86 ? 0 : 63;
export const CLOCK_NANOSLEEP = IS_X86 ? 230 : 115;

/** Waits until a process is blocked in this system call. */
export async function blockedIn(pid: number, call: number): Promise<void> {
  while (!Deno.readTextFileSync(`/proc/${pid}/syscall`).startsWith(`${call} `)) await delay(1);
}

/** A process that waits for its input, and answers when it has done what it was asked to. */
export class Asked implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;

  /** Starts it, and waits until it has blocked. */
  static async start(name: string, ...args: string[]): Promise<Asked> {
    const asked = new Asked(name, args);
    await blockedIn(asked.pid, READ);
    return asked;
  }

  private constructor(name: string, args: string[]) {
    const program = new URL(`../../build/tests/${name}`, import.meta.url).pathname;
    this.#child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#stdout = this.#child.stdout.getReader();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What it says next. */
  async says(): Promise<string> {
    return new TextDecoder().decode((await this.#stdout.read()).value);
  }

  /** Has it work, and waits until it has blocked again. */
  async work(): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode("\n"));
    await this.#stdout.read();
    await blockedIn(this.pid, READ);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close();
    await this.#stdout.cancel();
    await this.#child.status;
  }
}

/** A process that sleeps 23 times for 20 ms when it is asked to: see tests/workloads/sleeps.c. */
export const startSleeper = () => Asked.start("sleeps", "23", "20");
