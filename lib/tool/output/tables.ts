import { wallTime } from "../../sys/clock.ts";
import type { Members } from "../members/member.ts";
import type { CommonOptions } from "../options/frame_options.ts";
import { reading } from "../options/usage_errors.ts";
import { timeOfDay } from "../text/time_format.ts";
import type { Tables } from "../tool.ts";
import type { Each } from "../trace/trace.ts";
import type { Choice, Display } from "./display.ts";
import type { Lines } from "./lines.ts";
import { type Order, parseOrder } from "./sort.ts";
import type { ToolOutput } from "./stdout.ts";

/**
 * The order of rows that the user chose, or else the tool.
 * @throws {ExitError} (64) if `--sort` names no field
 */
export function orderOf<Options, E>(
  tool: { readonly fields: Members<E> },
  tables: Tables<Options, E>,
  options: Options,
  frame: CommonOptions,
): Order<E> {
  return reading("sort", () => parseOrder(tool.fields, frame.sort ?? tables.order(options)));
}

/**
 * Tables one below the other, as the C tools print them: the time, the header, the rows, an empty line.
 * In JSON and CSV there is nothing between the rows of two tables.
 */
export class TableDisplay<Options, E> implements Display<E> {
  readonly keeps = true;
  readonly #choice: Choice<Options, E>;
  readonly #tables: Tables<Options, E>;
  readonly #lines: Lines<E>;
  readonly #order: Order<E>;
  readonly #out: ToolOutput;

  constructor(
    choice: Choice<Options, E>,
    tables: Tables<Options, E>,
    lines: Lines<E>,
    order: Order<E>,
    out: ToolOutput,
  ) {
    this.#choice = choice;
    this.#tables = tables;
    this.#lines = lines;
    this.#order = order;
    this.#out = out;
  }

  begin(): void {
    const { frame, options } = this.#choice;
    if (frame.no_header) return;
    const { title } = this.#tables;
    if (frame.output !== "table" || this.#runsOn()) this.#lines.header(this.#out);
    else if (title !== undefined && !this.#isBare()) this.#out.string(title(options) + "\n");
  }

  /** A table counts as one event; where nothing happened there is none, as with the C tools. */
  show(batch: Each<E>): number {
    const { frame, options } = this.#choice;
    const all: E[] = [];
    batch.forEach((row) => all.push(row));
    const rows = this.#order.sort(all).slice(0, this.#tables.limit(options, frame.output));
    if (frame.output !== "table" || this.#runsOn()) this.#showRows(rows);
    else if (rows.length > 0) this.#showTable(rows);
    return 1;
  }

  #showTable(rows: readonly E[]): void {
    const { frame, options, columns } = this.#choice;
    const { below } = this.#tables;
    const out = this.#out;
    const text = this.#hasText() ? this.#tables.text?.(rows, options) : undefined;
    if (!this.#isBare()) out.string(this.#stamp());
    if (text !== undefined) return out.string(this.#isBare() ? text : text + "\n");
    if (columns.length > 0) {
      if (!frame.no_header) this.#lines.header(out);
      this.#showRows(rows);
    }
    out.string((below?.(rows, options) ?? "") + "\n");
  }

  #runsOn(): boolean {
    return this.#tables.runs_on?.(this.#choice.options) ?? false;
  }

  #hasText(): boolean {
    return this.#tables.text !== undefined && this.#choice.frame.fields === undefined;
  }

  #isBare(): boolean {
    return this.#hasText() && (this.#tables.bare?.(this.#choice.options) ?? false);
  }

  #stamp(): string {
    const { stamp } = this.#tables;
    const time = timeOfDay(wallTime());
    if (stamp === undefined) return `[${time}]\n`;
    const behind = stamp(this.#choice.options);
    if (typeof behind === "string") return `${time} ${behind}\n`;
    return behind ? `${time}\n` : "";
  }

  #showRows(rows: readonly E[]): void {
    this.#lines.beginBatch?.();
    for (const row of rows) this.#lines.line(row, this.#out);
  }
}
