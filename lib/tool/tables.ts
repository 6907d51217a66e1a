import { wallTime } from "../sys/clock.ts";
import type { CommonOptions } from "./options/frame_options.ts";
import type { Display } from "./display.ts";
import type { Renderer } from "./field.ts";
import { write } from "./output.ts";
import { type Order, parseOrder } from "./sort.ts";
import { timeOfDay } from "./time.ts";
import type { Tool } from "./tool.ts";
import { reading } from "./options/usage_errors.ts";

/** What a tool declares that prints tables at intervals: each batch of its trace is one. */
export interface Tables<Options, E> {
  /** The line above the first table. */
  title(options: Options): string;
  /** How rows are sorted unless `--sort` says otherwise: `-count` for the largest counts first. */
  order(options: Options): string;
  /** How many rows are printed at most: those that come first. A live screen has all that fit. */
  limit(options: Options, output: "table" | "json" | "csv"): number;
  /** Whether tables take each other's place on a screen of their own. */
  live?(options: Options): boolean;
  /** Text below a table. */
  below?(rows: readonly E[], options: Options): string;
}

/**
 * The order of rows that the user chose, or else the tool.
 * @throws {ExitError} (64) if `--sort` names no field
 */
export function orderOf<Options, E>(
  tool: Tool<Options, E>,
  tables: Tables<Options, E>,
  options: Options,
  common: CommonOptions,
): Order<E> {
  return reading("sort", () => parseOrder(tool.fields, common.sort ?? tables.order(options)));
}

/**
 * Tables one below the other, as the C tools print them: the time, the header, the rows, an empty line.
 * In JSON and CSV there is nothing between the rows of two tables.
 */
export class TableDisplay<Options, E> implements Display<E> {
  readonly #tables: Tables<Options, E>;
  readonly #options: Options;
  readonly #common: CommonOptions;
  readonly #lines: Renderer<E>;
  readonly #order: Order<E>;

  constructor(
    tables: Tables<Options, E>,
    options: Options,
    common: CommonOptions,
    lines: Renderer<E>,
    order: Order<E>,
  ) {
    this.#tables = tables;
    this.#options = options;
    this.#common = common;
    this.#lines = lines;
    this.#order = order;
  }

  begin(): void {
    if (this.#common.no_header) return;
    const title = this.#tables.title(this.#options) + "\n";
    write(this.#common.output === "table" ? title : this.#lines.header);
  }

  /** A table counts as one event; where nothing happened there is none, as with the C tools. */
  show(batch: readonly E[]): number {
    const { output, no_header } = this.#common;
    const limit = this.#tables.limit(this.#options, output);
    const rows = this.#order.sort(batch).slice(0, limit);
    const text = this.#lines.rows(rows);
    if (output !== "table") {
      write(text);
    } else if (rows.length > 0) {
      const header = no_header ? "" : this.#lines.header;
      const below = this.#tables.below?.(rows, this.#options) ?? "";
      write(`[${timeOfDay(wallTime())}]\n${header}${text}${below}\n`);
    }
    return 1;
  }
}
