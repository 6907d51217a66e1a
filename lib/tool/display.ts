import type { CommonOptions } from "./options/frame_options.ts";
import type { Column, Renderer } from "./field.ts";
import type { ByteLine } from "./byte_lines.ts";
import { ByteOutput } from "./byte_output.ts";
import { byteLine, renderer, write, writeBytes } from "./output.ts";
import type { Each } from "./trace_interface.ts";
import type { Tool } from "./tool.ts";

/** Shows the events of a trace, batch by batch. */
export interface Display<E> {
  /** Shows what comes before all events. */
  begin(): void;
  /**
   * @param left how many events may still be shown
   * @returns how many this was
   */
  show(batch: readonly E[], left: number): number;
  /** The same for events that cannot be kept; there if the display keeps none. */
  stream?(batch: Each<E>, left: number): number;
  /** Gives a terminal back that it has taken as a whole: until then messages would be lost. */
  end?(): void;
}

/**
 * The display that the tool and its user chose.
 * @param stop ends the trace: a display may have a key for that
 * @throws {ExitError} (64) if an option asks for what there is not
 */
export async function display<Options, E>(
  tool: Tool<Options, E>,
  options: Options,
  common: CommonOptions,
  columns: readonly Column<E>[],
  stop: () => void,
): Promise<Display<E>> {
  const { tables } = tool;
  const lines = renderer(columns, common, tool.failed);
  if (tables === undefined) {
    const bytes = await byteLine(columns, common);
    if (bytes !== undefined) return new ByteLines(lines, !common.no_header, bytes);
    return new Lines(lines, !common.no_header);
  }
  const { orderOf, TableDisplay } = await import("./tables.ts");
  const order = orderOf(tool, tables, options, common);
  if (common.output === "table" && tables.live?.(options)) {
    const { LiveTable } = await import("./live.ts");
    return new LiveTable(columns, lines, order, stop);
  }
  return new TableDisplay(tables, options, common, lines, order);
}

/** Lines one after the other. */
class Lines<E> implements Display<E> {
  readonly #renderer: Renderer<E>;
  readonly #header: boolean;

  constructor(renderer: Renderer<E>, header: boolean) {
    this.#renderer = renderer;
    this.#header = header;
  }

  begin(): void {
    if (this.#header) write(this.#renderer.header);
  }

  stream(batch: Each<E>, left: number): number {
    let count = 0;
    const text = this.#renderer.rows({
      forEach: (handle) => batch.forEach((event) => count++ < left && handle(event)),
    });
    if (text !== "") write(text);
    return count;
  }

  show(batch: readonly E[], left: number): number {
    return this.stream(batch, left);
  }
}

/** The same, as bytes. */
class ByteLines<E> extends Lines<E> {
  readonly #line: ByteLine<E>;
  readonly #out = new ByteOutput(writeBytes);

  constructor(renderer: Renderer<E>, header: boolean, line: ByteLine<E>) {
    super(renderer, header);
    this.#line = line;
  }

  override stream(batch: Each<E>, left: number): number {
    const line = this.#line;
    const out = this.#out;
    let count = 0;
    batch.forEach((event) => {
      if (count++ >= left) return;
      line(event, out);
      out.endLine();
    });
    out.flush();
    return count;
  }
}
