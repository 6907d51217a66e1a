/** Remote addresses by the subnets that they are in. */
import { addressBytes, type Parser, quoted, ValueError } from "#lib/tool/mod.ts";

/** A prefix of addresses, as bpf/include/kinds.h has them: 16 bytes, IPv4 mapped into IPv6. */
export interface Subnet {
  /** As the user wrote it. */
  readonly text: string;
  readonly address: Uint8Array;
  readonly bits: number;
}

/** A prefix of IPv4 or IPv6: `10.0.0.0/8`, `fe80::/10`; an address alone is itself. */
export const subnet: Parser<Subnet> = (text) => {
  const { address = "", length } = /^(?<address>[^/]+)(?:\/(?<length>\d{1,3}))?$/.exec(text)
    ?.groups ?? {};
  const bytes = addressBytes(address);
  const most = address.includes(":") ? 128 : 32;
  const bits = length === undefined ? most : Number(length);
  if (bytes === undefined || bits > most) {
    throw new ValueError(`${quoted(text)} is no subnet, such as 10.0.0.0/8 or fe80::/10`);
  }
  return { text, address: bytes, bits: bits + 128 - most };
};

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
