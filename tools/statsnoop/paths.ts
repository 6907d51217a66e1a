import type { event_view } from "#skel/statsnoop.ts";
import { type Join, Waiting } from "#lib/tool/mod.ts";
import type { Stat } from "./members.ts";

/** Puts all calls for one path that ended in the same way into one event. */
export class Paths implements Join<Stat, event_view> {
  readonly #paths = new Waiting<string, Stat>();

  take(stat: Stat, record: event_view, passes: boolean, show: (path: Stat) => void): void {
    if (!passes) return;
    const key = `${stat.error} ${stat.full_path ?? stat.path}`;
    const count = (this.#paths.take(key)?.count ?? 0) + 1;
    this.#paths.keep(key, { ...stat, count }, record.$$length, show);
  }

  rest(): Stat[] {
    return this.#paths.takeAll().sort((a, b) => b.count! - a.count!);
  }
}
