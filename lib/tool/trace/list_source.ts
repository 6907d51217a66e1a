import type { Members } from "../members/member.ts";
import { copierOf } from "../members/placed_view.ts";
import type { Each, Source } from "./trace.ts";

/** Rows that are made one by one, in the place of events: for commands that list what there is. */
export class ListSource<Row> implements Source<unknown, Row> {
  readonly #rows: Iterable<Row> | AsyncIterable<Row>;
  readonly #members: Members<Row>;

  constructor(rows: Iterable<Row> | AsyncIterable<Row>, members: Members<Row>) {
    this.#rows = Symbol.iterator in rows ? begun(rows) : rows;
    this.#members = members;
  }

  async *batches(signal: AbortSignal): AsyncGenerator<readonly unknown[], void, void> {
    const copy = copierOf(this.#members);
    for await (const batch of this.views(signal)) {
      const rows: unknown[] = [];
      batch.forEach((row) => rows.push(copy(row)));
      yield rows;
    }
  }

  async *views(signal: AbortSignal): AsyncGenerator<Each<Row>, void, void> {
    for await (const row of this.#rows) {
      if (signal.aborted) return;
      yield [row];
    }
  }

  [Symbol.dispose](): void {}
}

/** The rows, of which the first is made at once: what fails then fails before a header is printed. */
function begun<Row>(rows: Iterable<Row>): Iterable<Row> {
  const iterator = rows[Symbol.iterator]();
  let next = iterator.next();
  return (function* () {
    try {
      for (; !next.done; next = iterator.next()) yield next.value;
    } finally {
      iterator.return?.();
    }
  })();
}
