/** The numbers of bpf/include/tcp_socks.h and of the kernel, as words. */

/** The states of include/net/tcp_states.h, by number. */
export const STATES: readonly string[] = [
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

/** How the owner of a socket became known: `enum owner_by`. */
export const OWNER_BY: readonly (string | undefined)[] = [
  undefined,
  "connect",
  "listen",
  "listener",
  "close",
  "start",
];

/** What `owner_by` means, for the help. */
export const OWNER_BY_BRIEF =
  "How the process is known: connect, listen, listener (it owns that), close, start (had it open)";

/** Which side began a connection: `enum direction`. */
export const DIRECTION: readonly (string | undefined)[] = [undefined, "connect", "accept"];
