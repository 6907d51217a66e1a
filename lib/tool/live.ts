import { wallTime } from "../sys/clock.ts";
import type { Display } from "./display.ts";
import type { Column, Renderer } from "./field.ts";
import { requireTerminal, Screen } from "./screen.ts";
import { type Order, orderBy } from "./sort.ts";
import { timeOfDay } from "./time.ts";

const HELP = "< > sort  r reverse  space pause  q quit";

/** A table on a screen of its own, drawn again for each batch and when a key is pressed. */
export class LiveTable<E> implements Display<E> {
  readonly #columns: readonly Column<E>[];
  readonly #lines: Renderer<E>;
  readonly #quit: () => void;
  #screen: Screen | undefined;
  #rows: readonly E[] = [];
  #time = wallTime();
  #order: Order<E>;
  #paused = false;

  /** @throws {ExitError} (64) where there is no terminal */
  constructor(
    columns: readonly Column<E>[],
    lines: Renderer<E>,
    order: Order<E>,
    quit: () => void,
  ) {
    requireTerminal();
    this.#columns = columns;
    this.#lines = lines;
    this.#order = order;
    this.#quit = quit;
  }

  begin(): void {
    this.#screen = new Screen({ key: (key) => this.#onKey(key), redraw: () => this.#draw() });
    this.#draw();
  }

  /** A table counts as one event. */
  show(rows: readonly E[]): number {
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
    return orderBy(field, field.type !== "text");
  }

  #draw(): void {
    const { field, descending } = this.#order;
    const by = `sorted by ${field.header ?? field.name.toUpperCase()}${
      descending ? "" : " upwards"
    }`;
    const state = this.#paused ? "  PAUSED" : "";
    const text = this.#lines.header + this.#lines.rows(this.#order.sort(this.#rows));
    this.#screen?.draw([
      `${timeOfDay(this.#time)}  ${by}${state}  ${HELP}`,
      ...text.trimEnd().split("\n"),
    ]);
  }
}
