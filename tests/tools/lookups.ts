/** Processes that look up hosts: tests/workloads/lookups.c. */
import { blockedIn, READ } from "./asked.ts";

export const lookups = new URL("../../build/tests/lookups", import.meta.url).pathname;

/** A libc of its own, as a container has it: a copy, in a folder that the process searches. */
export class OwnLibc implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  /** The copy. */
  readonly path: string;

  constructor() {
    const maps = Deno.readTextFileSync("/proc/self/maps");
    const libc = /\S*\/libc\.so\.6$/m.exec(maps)![0];
    this.path = `${this.folder}/libc.so.6`;
    Deno.copyFileSync(libc, this.path);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** A process that begins with its lookups when its input does. */
export class Lookups {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;

  /** Starts it, and waits until it waits. @param libc its libc, if it is not that of the host */
  static async start(kinds: readonly string[], libc?: OwnLibc): Promise<Lookups> {
    const one = new Lookups(kinds, libc);
    await blockedIn(one.pid, READ);
    return one;
  }

  private constructor(kinds: readonly string[], libc?: OwnLibc) {
    this.#child = new Deno.Command(lookups, {
      args: [...kinds],
      env: libc ? { LD_LIBRARY_PATH: libc.folder } : {},
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Lets it begin, or go on. */
  go(): Promise<void> {
    return this.#stdin.write(Uint8Array.of(10));
  }

  /** Lets it begin, and waits for its end. @returns what it says it has got, a line for each call */
  async lines(): Promise<string[]> {
    await this.#stdin.close();
    const { stdout, success } = await this.#child.output();
    if (!success) throw new Error(`${lookups} has failed`);
    return new TextDecoder().decode(stdout).trim().split("\n");
  }
}
