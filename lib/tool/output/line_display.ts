import type { Each } from "../trace/trace.ts";
import type { Display } from "./display.ts";
import type { Lines } from "./lines.ts";
import type { ToolOutput } from "./stdout.ts";

/** Lines one after the other. */
export class LineDisplay<E> implements Display<E> {
  readonly keeps = false;
  readonly #lines: Lines<E>;
  readonly #out: ToolOutput;
  readonly #header: boolean;

  constructor(lines: Lines<E>, out: ToolOutput, header: boolean) {
    this.#lines = lines;
    this.#out = out;
    this.#header = header;
  }

  begin(): void {
    if (this.#header) this.#lines.header(this.#out);
  }

  show(batch: Each<E>, left: number): number {
    const lines = this.#lines;
    const out = this.#out;
    let count = 0;
    lines.beginBatch?.();
    batch.forEach((event) => {
      if (count++ < left) lines.line(event, out);
    });
    return count;
  }
}
