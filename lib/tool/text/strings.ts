import { decodeText } from "../../sys/text.ts";

/**
 * The strings in `bytes[start, end)`, a NUL behind each; the last one may have been cut before it.
 * @param most how many are given at most
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

/** PARTS_SIZE of bpf/include/paths.h: a path of more bytes lacks its first parts. */
const PARTS_SIZE = 1024;

/** A path that bpf/include/paths.h has written, from its last part to its first. */
export function decodePath(bytes: Uint8Array, start: number, end: number): string {
  const parts = decodeStrings(bytes, start, end);
  if (parts.length === 1 && parts[0] === "/") return "/";
  return (end - start > PARTS_SIZE ? ".../" : "/") + parts.reverse().join("/");
}
