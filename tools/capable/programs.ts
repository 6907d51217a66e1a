import type { event_view } from "#skel/capable.ts";
import { type Join, Waiting } from "#lib/tool/mod.ts";
import type { CapabilityCheck } from "./members.ts";

/**
 * Puts all checks of a program that had one outcome into one event: those of processes of one name, for one
 * user namespace.
 */
export class Programs implements Join<CapabilityCheck, event_view> {
  readonly #programs = new Waiting<string, CapabilityCheck>();

  take(
    check: CapabilityCheck,
    record: event_view,
    _passes: boolean,
    show: (program: CapabilityCheck) => void,
  ): void {
    const { target_userns, verdict, comm, name } = check;
    const key = `${target_userns} ${verdict} ${comm}`;
    const names = new Set(this.#programs.take(key)?.capabilities).add(name);
    const program = { ...check, capabilities: [...names].sort() };
    this.#programs.keep(key, program, record.$$length, show);
  }

  rest(): CapabilityCheck[] {
    return this.#programs.takeAll();
  }
}
