/** Lines of the outputs as text, for tests. */
import type { Lines } from "#lib/tool/output/lines.ts";
import { ByteOutput } from "#lib/tool/text/bytes.ts";

/** What `write` writes, byte by byte. */
export function bytesOf(write: (out: ByteOutput) => void): Uint8Array {
  const parts: Uint8Array[] = [];
  const out = new ByteOutput((bytes) => {
    parts.push(bytes.slice());
    return bytes.length;
  });
  write(out);
  out.flush();
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/**
 * What `write` writes.
 * @throws {TypeError} if that is not UTF-8
 */
export function textOf(write: (out: ByteOutput) => void): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return decoder.decode(bytesOf(write));
}

/** The lines of `events`, as one batch. */
export function rowsOf<E>(lines: Lines<E>, events: readonly E[]): string {
  return textOf((out) => {
    lines.beginBatch?.();
    for (const event of events) lines.line(event, out);
  });
}

/** What comes before all events. */
export function headerOf<E>(lines: Lines<E>): string {
  return textOf((out) => lines.header(out));
}
