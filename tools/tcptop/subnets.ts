/** Remote addresses by the subnets that they are in. */
import { type Parser, quoted, ValueError } from "#lib/tool/mod.ts";

/** A prefix of addresses, as bpf/include/kinds.h has them: 16 bytes, IPv4 mapped into IPv6. */
export interface Subnet {
  /** As the user wrote it. */
  readonly text: string;
  readonly address: readonly number[];
  readonly bits: number;
}

/** The first 12 bytes of an IPv4 address that is mapped into IPv6: RFC 4291, 2.5.5.2. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** A prefix of IPv4 or IPv6: `10.0.0.0/8`, `fe80::/10`; an address alone is itself. */
export const subnet: Parser<Subnet> = (text) => {
  const { address = "", length } = /^(?<address>[^/]+)(?:\/(?<length>\d{1,3}))?$/.exec(text)
    ?.groups ?? {};
  const bytes = bytesOf(address);
  const most = IPV4.test(address) ? 32 : 128;
  const bits = length === undefined ? most : Number(length);
  if (bytes === undefined || bits > most) {
    throw new ValueError(`${quoted(text)} is no subnet, such as 10.0.0.0/8 or fe80::/10`);
  }
  return { text, address: bytes, bits: bits + 128 - most };
};

/** The bytes of an address, or undefined if the text is none. */
function bytesOf(address: string): number[] | undefined {
  const ipv4 = IPV4.exec(address)?.slice(1).map(Number);
  if (ipv4 !== undefined) {
    return ipv4.every((byte) => byte < 256) ? [...MAPPED, ...ipv4] : undefined;
  }
  if (!/^[\da-f:.]+$/i.test(address) || !URL.canParse(`http://[${address}]`)) return undefined;
  // in this form it has nothing but groups, and one `::` at most
  const [head, tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::").map(
    (groups) => groups.split(":").filter(Boolean).map((group) => parseInt(group, 16)),
  );
  const zeros = Array<number>(8 - head.length - (tail?.length ?? 0)).fill(0);
  return [...head, ...zeros, ...tail ?? []].flatMap((group) => [group >> 8, group & 0xff]);
}

/** Those that are distinguished unless the user names others: loopback, link-local and private ones, and all. */
export const SUBNETS: readonly Subnet[] = [
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "0.0.0.0/0",
  "::1",
  "fe80::/10",
  "fc00::/7",
  "::/0",
].map(subnet);

/** A function that finds the subnet that an address is in: of several, the smallest. */
export function subnetFinder(
  subnets: readonly Subnet[],
): (address: Uint8Array) => string | undefined {
  const smallestFirst = subnets.toSorted((a, b) => b.bits - a.bits);
  return (address) => smallestFirst.find((subnet) => isIn(address, subnet))?.text;
}

function isIn(address: Uint8Array, { address: prefix, bits }: Subnet): boolean {
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (address[at] !== prefix[at]) return false;
  const rest = 0xff00 >> (bits & 7) & 0xff;
  return ((address[whole] ^ prefix[whole]) & rest) === 0;
}
