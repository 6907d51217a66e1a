/** Processes that take a step for each byte of their input, and end when that does. */
import { blockedIn, READ } from "./asked.ts";
import type { OwnLibrary } from "./own_library.ts";

/** A program of tests/workloads, by its name. */
export class Stepped {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;

  /**
   * Starts it, and waits until it waits.
   * @param own its library, if it is not that of the host
   */
  static async start(
    name: string,
    args: readonly string[],
    own?: OwnLibrary,
  ): Promise<Stepped> {
    const one = new Stepped(name, args, own);
    await blockedIn(one.pid, READ);
    return one;
  }

  private constructor(name: string, args: readonly string[], own?: OwnLibrary) {
    this.#name = name;
    this.#child = new Deno.Command(new URL(`../../build/tests/${name}`, import.meta.url).pathname, {
      args: [...args],
      env: own?.env ?? {},
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Lets it take a step. */
  go(): Promise<void> {
    return this.#stdin.write(Uint8Array.of(10));
  }

  /** Waits for its end. @returns what it has printed, a line for each call */
  async lines(): Promise<string[]> {
    await this.#stdin.close();
    const { stdout, success } = await this.#child.output();
    if (!success) throw new Error(`${this.#name} has failed`);
    return new TextDecoder().decode(stdout).trim().split("\n");
  }
}
