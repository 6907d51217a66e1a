import type { event_view } from "#skel/bootstrap.ts";
import { RawText } from "#lib/sys/raw_text.ts";
import { exitOf } from "#lib/sys/wait_status.ts";
import type { Lazy } from "#lib/tool/mod.ts";
import type { ProcessEvent } from "../bootstrap.ts";

/** An event that is read from its record member by member, as they are asked for. */
export class ProcessView implements Lazy<ProcessEvent> {
  #record!: event_view;
  #wall!: (boot: bigint) => bigint;
  readonly #comm = new RawText();
  readonly #filename = new RawText();

  /**
   * Moves it to a record.
   * @param wall gives wall time for nanoseconds since boot
   */
  place(record: event_view, wall: (boot: bigint) => bigint): this {
    this.#record = record;
    this.#wall = wall;
    return this;
  }

  get time(): bigint {
    return this.#wall(this.#record.time);
  }
  get event(): "EXEC" | "EXIT" {
    return this.#record.exit_event ? "EXIT" : "EXEC";
  }
  get comm(): RawText {
    return this.#record.$comm(this.#comm);
  }
  get pid(): number {
    return this.#record.pid;
  }
  get ppid(): number {
    return this.#record.ppid;
  }
  get filename(): RawText | undefined {
    return this.#record.exit_event ? undefined : this.#record.$filename(this.#filename);
  }
  get exit_code(): number | undefined {
    return this.#record.exit_event ? exitOf(this.#record.status).exit_code : undefined;
  }
  get signal(): string | undefined {
    return this.#record.exit_event ? exitOf(this.#record.status).signal : undefined;
  }
  get duration_ns(): bigint | undefined {
    return this.#record.exit_event ? this.#record.duration_ns : undefined;
  }

  /** The event, to be kept: all members that it has, decoded. */
  copy(): ProcessEvent {
    const { time, event, pid, ppid, exit_code, signal, duration_ns } = this;
    const both = { time, event, comm: this.comm.toString(), pid, ppid };
    if (event === "EXEC") return { ...both, filename: this.filename!.toString() };
    return { ...both, ...exit_code === undefined ? { signal } : { exit_code }, duration_ns };
  }
}
