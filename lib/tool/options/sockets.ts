/** Which connections a tool traces: the user half of bpf/include/sock_targets.h. */
import { quoted } from "../text/escape.ts";
import { flag, list, option, type OptionsOf, type Parser } from "./declarations.ts";
import { integer, port } from "./parsers.ts";
import { ValueError } from "./usage_errors.ts";

/** An inode number as lsns(8) shows it, or all of `net:[4026531840]`. */
const netns: Parser<number> = (text) => {
  const number = /^(?:net:\[(\d+)\]|(\d+))$/.exec(text);
  if (number) return integer(1, 0xffff_ffff)(number[1] ?? number[2]);
  throw new ValueError(`${quoted(text)} is no inode number, such as lsns(8) shows`);
};

/**
 * The options, to be spread into those of a tool.
 *
 * @example
 * ```ts
 * import { socketOptions, withDefaults } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(withDefaults(socketOptions, { localport: [22] }).localport, [22]);
 * ```
 */
export const socketOptions = {
  ipv4: flag("4", "Trace IPv4 only, mapped addresses of IPv6 sockets included"),
  ipv6: flag("6", "Trace IPv6 only"),
  localport: list("L", "PORT,...", "Trace these local ports only", port),
  remoteport: list("D", "PORT,...", "Trace these remote ports only", port),
  netns: option("", "INODE", "Trace this network namespace only", netns),
};

/** The variables of sock_targets.h, to be set before load. */
export interface SocketTargets {
  /** 4 or 6: that version of IP only; 0 for both. */
  targ_ip: number;
  /** The inode of a network namespace, or 0 for all. */
  targ_netns: number;
  /** Whether local ports are chosen by `targ_lports`. */
  targ_by_lport: boolean;
  /** Whether remote ports are chosen by `targ_rports`. */
  targ_by_rport: boolean;
  /** A bit for each port, 8192 bytes. */
  targ_lports: Uint8Array;
  /** The same for remote ports. */
  targ_rports: Uint8Array;
}

/**
 * Sets what the options ask for. Both of `-4 -6` are the same as none.
 *
 * @example
 * ```ts
 * import { Tcplife } from "#skel/tcplife.ts";
 * import { setSocketTargets } from "@denobpf/denobpf/tool";
 *
 * using opened = Tcplife.open();
 * setSocketTargets(opened.rodata, { localport: [22, 80] });
 * ```
 */
export function setSocketTargets(
  rodata: SocketTargets,
  { ipv4, ipv6, localport, remoteport, netns }: Partial<OptionsOf<typeof socketOptions>>,
): void {
  if (ipv4 !== ipv6) rodata.targ_ip = ipv4 ? 4 : 6;
  if (netns !== undefined) rodata.targ_netns = netns;
  if (localport?.length) {
    rodata.targ_by_lport = true;
    rodata.targ_lports = portSet(localport);
  }
  if (remoteport?.length) {
    rodata.targ_by_rport = true;
    rodata.targ_rports = portSet(remoteport);
  }
}

/** A bit for each port. */
function portSet(ports: readonly number[]): Uint8Array {
  const set = new Uint8Array(65_536 / 8);
  for (const port of ports) set[port >> 3] |= 1 << (port & 7);
  return set;
}
