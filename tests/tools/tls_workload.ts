/** Processes that send something to themselves by TLS: tests/workloads/tls.c. */
import { Stepped } from "./stepped.ts";
import type { OwnLibrary } from "./own_library.ts";

/** What a process writes at once in each round. */
export const SIZES: readonly number[] = [1, 17, 1009, 4099, 16384, 16411, 20011];

/** What a record of TLS has at most. */
export const RECORD = 16_384;

/** The bytes of a write of this size. */
export const written = (size: number) =>
  Uint8Array.from({ length: size }, (_, i) => (i + size) % 251);

/** A process that opens the library as it is let go, and sends for a round each time. */
export function startTls(library: "openssl" | "gnutls", own?: OwnLibrary): Promise<Stepped> {
  return Stepped.start("tls", [library], own);
}
