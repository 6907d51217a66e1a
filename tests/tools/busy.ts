/** Processes that keep a CPU busy, for the tests of profile. */
import { delay } from "../kernel/harness.ts";

const programs = new URL("../../build/tests/", import.meta.url).pathname;

/** A process that keeps a CPU busy. */
export class Busy implements AsyncDisposable {
  readonly #program: string;
  readonly #child: Deno.ChildProcess;

  constructor(program: "spin" | "stacks" = "spin", cpu = 0) {
    this.#program = program;
    const args = ["-c", `${cpu}`, programs + program];
    this.#child = new Deno.Command("taskset", { args }).spawn();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until it runs, and so has a name of its own. */
  async started(): Promise<this> {
    while (Deno.readTextFileSync(`/proc/${this.pid}/comm`) !== `${this.#program}\n`) await delay(1);
    return this;
  }

  /** The CPU time that it has had, in nanoseconds: the first number of schedstat. */
  cpuNs(): number {
    return Number(Deno.readTextFileSync(`/proc/${this.pid}/schedstat`).split(" ")[0]);
  }

  /** Waits until it has had this much more of it. */
  async runs(ns: number): Promise<void> {
    const end = this.cpuNs() + ns;
    while (this.cpuNs() < end) await delay(20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}
