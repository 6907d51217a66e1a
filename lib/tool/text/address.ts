/** Internet addresses as text. */
import type { RawText } from "../../sys/raw_text.ts";

/** The first 12 bytes of an IPv4 address that is mapped into IPv6: RFC 4291, 2.5.5.2. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/**
 * An `ip_addr` of bpf/include/kinds.h as text: `192.0.2.1` for one that is mapped into IPv6, otherwise as
 * RFC 5952 has it.
 * @param address its 16 bytes, or where they lie
 *
 * @example
 * ```ts
 * import { addressText } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1);
 * assertEquals(addressText(mapped), "192.0.2.1");
 * ```
 */
export function addressText(address: Uint8Array | RawText): string {
  const bytes = address instanceof Uint8Array
    ? address
    : address.bytes.subarray(address.start, address.end);
  if (MAPPED.every((byte, at) => bytes[at] === byte)) return bytes.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, at) => bytes[2 * at] << 8 | bytes[2 * at + 1]);
  const zeros = longestZeros(groups);
  const hex = (from: number, to: number) =>
    groups.slice(from, to).map((group) => group.toString(16)).join(":");
  if (zeros.length < 2) return hex(0, 8);
  return `${hex(0, zeros.start)}::${hex(zeros.start + zeros.length, 8)}`;
}

/** The first of the longest runs of zeros, which RFC 5952 has replaced by `::`. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > longest.length) longest = { start, length };
    start += length;
  }
  return longest;
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/**
 * The 16 bytes of an `ip_addr` of bpf/include/kinds.h: IPv4 is mapped into IPv6.
 * @param text as a user writes it: `192.0.2.1`, `2001:db8::1`
 * @returns undefined if it is no address
 *
 * @example
 * ```ts
 * import { addressBytes } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(addressBytes("::1")?.at(15), 1);
 * assertEquals(addressBytes("192.0.2.256"), undefined);
 * ```
 */
export function addressBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  const ipv4 = IPV4.exec(text)?.slice(1).map(Number);
  if (ipv4 !== undefined) {
    return ipv4.every((byte) => byte < 256) ? Uint8Array.of(...MAPPED, ...ipv4) : undefined;
  }
  if (!/^[\da-f:.]+$/i.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  // in this form it has nothing but groups, and one `::` at most
  const [head, tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::").map(
    (groups) => groups.split(":").filter(Boolean).map((group) => parseInt(group, 16)),
  );
  const zeros = Array<number>(8 - head.length - (tail?.length ?? 0)).fill(0);
  const groups = [...head, ...zeros, ...tail ?? []];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/**
 * An end of a connection: an address and a port. An address of IPv6 is in brackets.
 *
 * @example
 * ```ts
 * import { endText } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(endText("192.0.2.1", 80), "192.0.2.1:80");
 * assertEquals(endText("2001:db8::1", 80), "[2001:db8::1]:80");
 * ```
 */
export function endText(address: string | undefined, port: number | string | undefined): string {
  return address?.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
