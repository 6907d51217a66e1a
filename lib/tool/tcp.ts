/** What tools of TCP share: the numbers of bpf/include/tcp_socks.h and of the kernel, as words. */

/**
 * The states of include/net/tcp_states.h, by number.
 *
 * @example
 * ```ts
 * import { TCP_STATES } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TCP_STATES[1], "ESTABLISHED");
 * ```
 */
export const TCP_STATES: readonly string[] = [
  "",
  "ESTABLISHED",
  "SYN_SENT",
  "SYN_RECV",
  "FIN_WAIT1",
  "FIN_WAIT2",
  "TIME_WAIT",
  "CLOSE",
  "CLOSE_WAIT",
  "LAST_ACK",
  "LISTEN",
  "CLOSING",
  "NEW_SYN_RECV",
];

/**
 * The flags of a TCP header, the lowest bit first: RFC 9293, 3.1, and RFC 3168.
 *
 * @example
 * ```ts
 * import { TCP_FLAGS } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(TCP_FLAGS.filter((_, bit) => 0x12 & 1 << bit), ["SYN", "ACK"]);
 * ```
 */
export const TCP_FLAGS: readonly string[] = [
  "FIN",
  "SYN",
  "RST",
  "PSH",
  "ACK",
  "URG",
  "ECE",
  "CWR",
];

/**
 * How the owner of a socket became known: `enum owner_by` of bpf/include/sock_owner.h.
 *
 * @example
 * ```ts
 * import { OWNER_BY } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(OWNER_BY[1], "connect");
 * ```
 */
export const OWNER_BY: readonly (string | undefined)[] = [
  undefined,
  "connect",
  "listen",
  "listener",
  "close",
  "start",
  "file",
  "accept",
  "socket",
  "send",
];

/**
 * What `owner_by` means, for the help.
 *
 * @example
 * ```ts
 * import { membersOf, OWNER_BY, OWNER_BY_BRIEF } from "@denobpf/denobpf/tool";
 *
 * const { text } = membersOf<{ owner_by: number }>();
 * const owner_by = text({ brief: OWNER_BY_BRIEF }, (r) => OWNER_BY[r.owner_by]);
 * ```
 */
export const OWNER_BY_BRIEF =
  "How the process is known: connect, listen, listener (it owns that), accept, close, start (had it open)";

/**
 * Which side began a connection: `enum direction` of bpf/include/tcp_socks.h.
 *
 * @example
 * ```ts
 * import { DIRECTION } from "@denobpf/denobpf/tool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(DIRECTION[2], "accept");
 * ```
 */
export const DIRECTION: readonly (string | undefined)[] = [undefined, "connect", "accept"];
