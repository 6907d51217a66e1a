import type { ByteOutput } from "../text/bytes.ts";

/** Writes events as lines, in one of the formats. */
export interface Lines<E> {
  /** Writes what comes before the first event, if anything does. */
  header(out: ByteOutput): void;
  /** To be called before the events of a batch: a terminal may have another width by now. */
  beginBatch?(): void;
  /** Writes an event, with its newline. */
  line(event: E, out: ByteOutput): void;
}
