import { event_kind, type event_view } from "#skel/execsnoop.ts";
import { exitOf, type Join, Waiting } from "#lib/tool/mod.ts";
import type { Exec } from "./members.ts";

/** Joins the end of each process to its exec. */
export class Ends implements Join<Exec, event_view> {
  readonly #running = new Waiting<number, Exec>();
  readonly #exits: boolean;

  /** @param exits whether an exec is shown when its process ends, and not at once */
  constructor(exits: boolean) {
    this.#exits = exits;
  }

  take(exec: Exec, record: event_view, passes: boolean, show: (exec: Exec) => void): void {
    const { kind, status, time, start } = record;
    const begins = kind === event_kind.EXEC && this.#exits && passes && exec.ret === 0;
    if (kind === event_kind.EXIT || begins) {
      const before = this.#running.take(exec.pid);
      const duration_ns = before && exec.boot_time - before.boot_time;
      if (before) show({ ...before, duration_ns, ...begins ? {} : exitOf(status) });
      if (begins) this.#running.keep(exec.pid, exec, record.$$length, show);
    } else if (passes && kind === event_kind.FORK) {
      show({ ...exec, ...exitOf(status), duration_ns: time - start });
    } else if (passes) show(exec);
  }

  /** The execs of processes that still run. */
  rest(): Exec[] {
    return this.#running.takeAll();
  }
}
