import type { Column } from "../members/member.ts";
import type { CommonOptions } from "../options/frame_options.ts";
import type { Tool } from "../tool.ts";
import type { Each } from "../trace/trace.ts";

/** Shows the events of a trace, batch by batch. */
export interface Display<E> {
  /** Shows what comes before all events. */
  begin(): void;
  /**
   * @param batch the events, which need not be kept unless {@link keeps}
   * @param left how many events may still be shown
   * @returns how many these were
   */
  show(batch: Each<E>, left: number): number;
  /** Whether it needs all events of a batch at a time. */
  readonly keeps: boolean;
  /** Shows what can be shown only when all events are known. */
  finish?(): Promise<void>;
  /** Returns a terminal that it has taken as a whole: until then messages would be lost. */
  end?(): void;
}

/** What the user and the tool chose. */
export interface Choice<Options, E> {
  readonly tool: Tool<Options, E>;
  readonly options: Options;
  readonly frame: CommonOptions;
  readonly columns: readonly Column<E>[];
}
