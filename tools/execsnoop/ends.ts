import { event_kind, type event_view } from "#skel/execsnoop.ts";
import { exitOf, type Join } from "#lib/tool/mod.ts";
import type { Exec } from "./members.ts";

/** More than Linux lets live at a time by default; beyond it the oldest are shown without their end. */
const MOST = 65_536;

/** Joins the end of each process to its exec. */
export class Ends implements Join<Exec, event_view> {
  readonly #running = new Map<number, Exec>();
  readonly #exits: boolean;

  /** @param exits whether an exec is shown when its process ends, and not at once */
  constructor(exits: boolean) {
    this.#exits = exits;
  }

  take(exec: Exec, record: event_view, passes: boolean): Exec | undefined {
    if (record.kind === event_kind.EXIT) return this.#ended(exec, record.status);
    if (!passes) return undefined;
    if (record.kind === event_kind.FORK) {
      return { ...exec, ...exitOf(record.status), duration_ns: record.time - record.start };
    }
    return this.#exits && exec.ret === 0 ? this.#started(exec) : exec;
  }

  /** The execs of processes that still run. */
  rest(): Exec[] {
    const rest = [...this.#running.values()];
    this.#running.clear();
    return rest;
  }

  /** @returns an exec that will have no end of its own: its process has just executed another file */
  #started(exec: Exec): Exec | undefined {
    const replaced = this.#take(exec.pid) ?? this.#oldest();
    this.#running.set(exec.pid, exec);
    return replaced && { ...replaced, duration_ns: exec.boot_time - replaced.boot_time };
  }

  /** @returns the exec of a process that has ended, if it was seen */
  #ended(end: Exec, status: number): Exec | undefined {
    const exec = this.#take(end.pid);
    return exec && { ...exec, ...exitOf(status), duration_ns: end.boot_time - exec.boot_time };
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
