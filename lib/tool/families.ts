/**
 * Families of sockets, and what their addresses say. It stands apart from mod.ts, as few tools need it.
 *
 * @module
 */
import type { RawText } from "../sys/raw_text.ts";
import { decodeText } from "../sys/text.ts";
import { addressText } from "./text/address.ts";

/** What a kernel half sends of an address: the bytes of struct sockaddr. */
export interface Address {
  /** Of the socket. */
  readonly family: number;
  /** Whether the address is one of IPv4 or IPv6. */
  readonly is_ip: boolean;
  /** How many bytes it has. */
  readonly address_size: number;
  /** Those of them that there is room for. */
  readonly address: Uint8Array;
}

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const AF_VSOCK = 40;

/** include/linux/socket.h */
const FAMILIES: Readonly<Record<number, string>> = {
  0: "UNSPEC",
  [AF_UNIX]: "UNIX",
  [AF_INET]: "INET",
  3: "AX25",
  9: "X25",
  [AF_INET6]: "INET6",
  15: "KEY",
  [AF_NETLINK]: "NETLINK",
  [AF_PACKET]: "PACKET",
  21: "RDS",
  29: "CAN",
  30: "TIPC",
  31: "BLUETOOTH",
  38: "ALG",
  39: "NFC",
  [AF_VSOCK]: "VSOCK",
  42: "QIPCRTR",
  43: "SMC",
  44: "XDP",
};

/** include/uapi/linux/in.h */
const PROTOCOLS: Readonly<Record<number, string>> = {
  1: "ICMP",
  6: "TCP",
  17: "UDP",
  33: "DCCP",
  58: "ICMPV6",
  115: "L2TP",
  132: "SCTP",
  136: "UDPLITE",
  255: "RAW",
  256: "SMC",
  262: "MPTCP",
};

/** include/uapi/linux/netlink.h */
const NETLINK_PROTOCOLS: Readonly<Record<number, string>> = {
  0: "ROUTE",
  2: "USERSOCK",
  4: "SOCK_DIAG",
  6: "XFRM",
  7: "SELINUX",
  8: "ISCSI",
  9: "AUDIT",
  10: "FIB_LOOKUP",
  11: "CONNECTOR",
  12: "NETFILTER",
  15: "KOBJECT_UEVENT",
  16: "GENERIC",
  18: "SCSITRANSPORT",
  19: "ECRYPTFS",
  20: "RDMA",
  21: "CRYPTO",
};

/** What sockets are for, by number: include/linux/net.h. */
const TYPES: readonly (string | undefined)[] = [
  undefined,
  "stream",
  "dgram",
  "raw",
  "rdm",
  "seqpacket",
  "dccp",
];
const PACKET_TYPE = 10;

/** `stream`, or undefined. */
export function typeName(type: number): string | undefined {
  return type === PACKET_TYPE ? "packet" : TYPES[type];
}

/** Whether a family is IPv4 or IPv6. */
export function isInet({ family }: { readonly family: number }): boolean {
  return family === AF_INET || family === AF_INET6;
}

/** Whether the states of a family are those of TCP, as far as it has such: include/net/tcp_states.h. */
export function hasTcpStates({ family }: { readonly family: number }): boolean {
  return [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK].includes(family);
}

/** `UNIX`, or the number. */
export function familyName(family: number): string {
  return FAMILIES[family] ?? String(family);
}

/** `TCP`, or the number. */
export function protocolName(protocol: number): string {
  return PROTOCOLS[protocol] ?? String(protocol);
}

function words({ address }: Address): DataView {
  return new DataView(address.buffer, address.byteOffset, address.byteLength);
}

/** `ROUTE`, of a protocol of netlink, or the number. */
export function netlinkName(protocol: number): string {
  return NETLINK_PROTOCOLS[protocol] ?? String(protocol);
}

/** The port of a family that has some, other than IP: of struct sockaddr_vm. */
export function portOf(address: Address): number | undefined {
  return address.family === AF_VSOCK ? words(address).getUint32(4, true) : undefined;
}

/** Where the name of a Unix socket begins: struct sockaddr_un. */
const SUN_PATH = 2;

/** A path, or `@NAME` of an abstract address; none where the kernel chooses a name. */
function unixName({ address, address_size }: Address): string | undefined {
  const end = Math.min(address_size, address.length);
  if (end <= SUN_PATH) return undefined;
  if (address[SUN_PATH] === 0) return `@${decodeText(address, SUN_PATH + 1, end)}`;
  const terminator = address.indexOf(0, SUN_PATH);
  return decodeText(address, SUN_PATH, terminator < 0 ? end : Math.min(end, terminator));
}

/**
 * An address as text, as far as its family is known: `192.0.2.1`, `/run/socket`, `@name`, for netlink the
 * port id, for packets the number of the device, for vsock the context id.
 * @param ip that of IP, if it is one
 */
export function addressOf(address: Address, ip: Uint8Array | RawText): string | undefined {
  if (address.is_ip) return addressText(ip);
  switch (address.family) {
    case AF_UNIX:
      return unixName(address);
    case AF_NETLINK: // struct sockaddr_nl
      return `pid ${words(address).getUint32(4, true)} groups ${words(address).getUint32(8, true)}`;
    case AF_PACKET: // struct sockaddr_ll
      return `protocol ${words(address).getUint16(2)} device ${words(address).getUint32(4, true)}`;
    case AF_VSOCK: // struct sockaddr_vm
      return `cid ${words(address).getUint32(8, true)}`;
    default:
      return undefined;
  }
}
