/** How TCP connections end. */
import { errnoName, TCP_STATES } from "#lib/tool/mod.ts";

/** The state before TCP_CLOSE, and `sk_err` at that moment. */
interface End {
  readonly oldstate: number;
  readonly error: number;
}

/** What an errno of the socket says: tcp_reset() and tcp_write_err() of the kernel. */
const ENDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ETIMEDOUT: "timeout",
};

/** `fin`, `reset`, `refused`, `timeout`, `closed` or `error`. */
export function endOf({ oldstate, error }: End): string {
  if (error !== 0) return ENDS[errnoName(error)] ?? "error";
  switch (TCP_STATES[oldstate]) {
    case "SYN_SENT":
    case "SYN_RECV":
      return "closed";
    // Closed with unread data or without lingering: the kernel has sent a reset.
    case "ESTABLISHED":
    case "CLOSE_WAIT":
      return "reset";
    default:
      return "fin";
  }
}

/** The side that ended the connection first: `local` or `remote`; undefined for a timeout. */
export function closedBy({ oldstate, error }: End): string | undefined {
  switch (TCP_STATES[oldstate]) {
    case "FIN_WAIT1":
    case "FIN_WAIT2":
    case "CLOSING":
      return "local";
    case "CLOSE_WAIT":
    case "LAST_ACK":
      return "remote";
    default:
      if (error === 0) return "local";
      return endOf({ oldstate, error }) === "timeout" ? undefined : "remote";
  }
}
