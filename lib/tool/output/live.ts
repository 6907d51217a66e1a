import { wallTime } from "../../sys/clock.ts";
import type { Column } from "../members/member.ts";
import { ByteOutput } from "../text/bytes.ts";
import type { Each } from "../trace/trace.ts";
import type { Display } from "./display.ts";
import type { Lines } from "./lines.ts";
import type { ToolOutput } from "./stdout.ts";
import { headerOf } from "./table.ts";
import { requireTerminal, Screen } from "./screen.ts";
import { type Order, orderBy } from "./sort.ts";
import { timeOfDay } from "../text/time_format.ts";

const HELP = "< > sort  r reverse  space pause  q quit";

/** A table on a screen of its own, drawn again for each batch and when a key is pressed. */
export class LiveTable<E> implements Display<E> {
  readonly keeps = true;
  readonly #columns: readonly Column<E>[];
  readonly #lines: Lines<E>;
  readonly #out: ToolOutput;
  readonly #quit: () => void;
  #screen: Screen | undefined;
  #rows: readonly E[] = [];
  #time = wallTime();
  #order: Order<E>;
  #paused = false;

  /** @throws {ExitError} (64) where there is no terminal */
  constructor(
    columns: readonly Column<E>[],
    lines: Lines<E>,
    order: Order<E>,
    out: ToolOutput,
    quit: () => void,
  ) {
    requireTerminal();
    this.#columns = columns;
    this.#lines = lines;
    this.#order = order;
    this.#out = out;
    this.#quit = quit;
  }

  begin(): void {
    this.#screen = new Screen(this.#out, {
      key: (key) => this.#onKey(key),
      redraw: () => this.#draw(),
    });
    this.#draw();
  }

  /** A table counts as one event. */
  show(batch: Each<E>): number {
    const rows: E[] = [];
    batch.forEach((row) => rows.push(row));
    if (!this.#paused) {
      this.#rows = rows;
      this.#time = wallTime();
      this.#draw();
    }
    return 1;
  }

  end(): void {
    this.#screen?.[Symbol.dispose]();
  }

  #onKey(key: string): void {
    switch (key) {
      case "<":
        this.#order = this.#next(-1);
        break;
      case ">":
        this.#order = this.#next(1);
        break;
      case "r":
        this.#order = orderBy(this.#order.field, !this.#order.descending);
        break;
      case " ":
        this.#paused = !this.#paused;
        break;
      case "q":
        return this.#quit();
    }
    this.#draw();
  }

  /** By the next column: numbers with the largest first, text from A to Z. */
  #next(step: number): Order<E> {
    const at = this.#columns.findIndex(({ name }) => name === this.#order.field.name);
    const count = this.#columns.length;
    const field = this.#columns[(Math.max(at, 0) + step + count) % count];
    return orderBy(field, field.kind.name !== "text");
  }

  #draw(): void {
    const { field, descending } = this.#order;
    const by = `sorted by ${headerOf(field)}${descending ? "" : " upwards"}`;
    const state = this.#paused ? "  PAUSED" : "";
    this.#lines.beginBatch?.();
    let text = "";
    const out = new ByteOutput((bytes) => {
      text += new TextDecoder().decode(bytes);
      return bytes.length;
    });
    this.#lines.header(out);
    for (const row of this.#order.sort(this.#rows)) this.#lines.line(row, out);
    out.flush();
    this.#screen?.draw([
      `${timeOfDay(this.#time)}  ${by}${state}  ${HELP}`,
      ...text.trimEnd().split("\n"),
    ]);
  }
}
