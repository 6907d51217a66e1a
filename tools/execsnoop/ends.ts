import type { Exec } from "../execsnoop.ts";
import { exitOf } from "#lib/sys/wait_status.ts";

/** More than Linux lets live at a time by default; beyond it the oldest are told without their end. */
const MOST = 65_536;

/** Joins the end of each process to its exec. */
export class Ends {
  readonly #running = new Map<number, Exec>();

  /**
   * Keeps an exec until its process ends.
   * @returns an exec that will have no end of its own: its process has just executed another file
   */
  started(exec: Exec): Exec | undefined {
    const replaced = this.#take(exec.pid) ?? this.#oldest();
    this.#running.set(exec.pid, exec);
    return replaced && { ...replaced, duration_ns: exec.boot_time - replaced.boot_time };
  }

  /** The exec of a process that has ended, if it was seen. */
  ended(end: Exec, status: number): Exec | undefined {
    const exec = this.#take(end.pid);
    return exec && { ...exec, ...exitOf(status), duration_ns: end.boot_time - exec.boot_time };
  }

  /** The execs of processes that still run. */
  rest(): Exec[] {
    const rest = [...this.#running.values()];
    this.#running.clear();
    return rest;
  }

  #take(pid: number): Exec | undefined {
    const exec = this.#running.get(pid);
    this.#running.delete(pid);
    return exec;
  }

  #oldest(): Exec | undefined {
    if (this.#running.size < MOST) return undefined;
    const [pid] = this.#running.keys();
    return this.#take(pid);
  }
}
