/** Names of protocols: include/uapi/linux/in.h and if_ether.h. */
import { type Parser, quoted, ValueError } from "#lib/tool/mod.ts";

/** Those that IP carries. */
const OF_IP: Readonly<Record<number, string>> = {
  1: "icmp",
  2: "igmp",
  4: "ipip",
  6: "tcp",
  17: "udp",
  33: "dccp",
  41: "ipv6",
  47: "gre",
  50: "esp",
  51: "ah",
  58: "icmp6",
  89: "ospf",
  112: "vrrp",
  115: "l2tp",
  132: "sctp",
  136: "udplite",
};

/** Those that a network carries beside IP. */
const OF_NETWORK: Readonly<Record<number, string>> = {
  0x0806: "arp",
  0x8100: "vlan",
  0x8847: "mpls",
  0x8863: "pppoe",
  0x8864: "pppoe",
  0x88a8: "vlan",
  0x88cc: "lldp",
};

/**
 * The name of what a packet carries: `udp`, `arp`; its number where it has no name here: `143`, `0x88e5`.
 * @param ethertype what the network carries; 0 if that is not known
 * @param number what IP carries
 * @returns undefined if neither is known
 */
export function protocolName(ethertype: number, number: number): string | undefined {
  if (number !== 0) return OF_IP[number] ?? String(number);
  if (ethertype === 0) return undefined;
  return OF_NETWORK[ethertype] ?? `0x${ethertype.toString(16).padStart(4, "0")}`;
}

/**
 * The number of a protocol of IP: 17 for `udp` or `17`.
 *
 * @throws {ValueError} it is neither a name nor a number from 1 to 255
 */
export const protocol: Parser<number> = (text): number => {
  const named = Object.entries(OF_IP).find(([, name]) => name === text.toLowerCase());
  const number = named !== undefined ? Number(named[0]) : /^\d+$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= 255) return number;
  throw new ValueError(`${quoted(text)} is no protocol of IP, such as udp or 47`);
};
