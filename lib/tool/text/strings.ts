import { decodeText } from "../../sys/text.ts";

/**
 * The strings in `bytes[start, end)`, a NUL behind each; the last one may have been cut before it.
 * @param most how many are given at most
 *
 * @example
 * ```ts
 * import { decodeStrings } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("a\0b\0");
 * assertEquals(decodeStrings(bytes, 0, bytes.length), ["a", "b"]);
 * ```
 */
export function decodeStrings(
  bytes: Uint8Array,
  start: number,
  end: number,
  most = Infinity,
): string[] {
  const strings: string[] = [];
  for (let at = start; at < end && strings.length < most;) {
    const nul = bytes.indexOf(0, at);
    const stop = nul < 0 || nul > end ? end : nul;
    strings.push(decodeText(bytes, at, stop));
    at = stop + 1;
  }
  return strings;
}

/**
 * A path that bpf/include/paths.h has written, from its last part to its first; one that lacks its first
 * parts begins with `.../`.
 *
 * @example
 * ```ts
 * import { decodePath } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const parts = new TextEncoder().encode("bin\0usr\0");
 * assertEquals(decodePath(parts, 0, parts.length), "/usr/bin");
 * ```
 */
export function decodePath(bytes: Uint8Array, start: number, end: number): string {
  const parts = decodeStrings(bytes, start, end);
  if (parts.length === 1 && parts[0] === "/") return "/";
  const cut = parts.at(-1) === "";
  return (cut ? "..." : "/") + parts.reverse().join("/");
}
