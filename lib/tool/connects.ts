/** What tools of attempts to connect by TCP share: the user half of bpf/tcpconnect.bpf.c. */
import { hasAttachKind } from "../objects/features/attach_kinds.ts";
import { errnoName } from "../sys/errno.ts";
import type { RawText } from "../sys/raw_text.ts";
import { fileExists } from "../sys/status.ts";
import { membersOf } from "./members/members_of.ts";
import { type Loadable, loadHooks } from "./trace/hooks.ts";

/** What the kernel half sends of an attempt, besides what members take as it is. */
export interface ConnectRecord {
  /** When it ended, in nanoseconds since boot. */
  readonly time: bigint;
  /** When the first SYN was sent; 0 if none was. */
  readonly started: bigint;
  /** Whether a process began it. */
  readonly owned: boolean;
  /** The process. */
  readonly pid: number;
  /** Its thread. */
  readonly tid: number;
  /** Its user. */
  readonly uid: number;
  /** Its name. */
  readonly $comm: RawText;
  /** 4 or 6 */
  readonly ip: number;
  /** The local port; 0 if it came to none. */
  readonly lport: number;
  /** Whether it is reported as it begins. */
  readonly begins: boolean;
  /** Whether it came to a connection. */
  readonly established: boolean;
  /** An errno, or 0. */
  readonly error: number;
  /** SYNs sent again. */
  readonly syn_retransmits: number;
  /** Whether the SYN asked for TCP Fast Open. */
  readonly fastopen: boolean;
  /** Whether it is a path of an MPTCP connection. */
  readonly mptcp: boolean;
  /** When the first attempt that is shown ended. */
  readonly $own: { first?: bigint };
}

/** The errors that have a word of their own; all others are `failed`. */
const RESULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
};

function resultOf({ begins, established, error }: ConnectRecord): string {
  if (begins) return "started";
  if (established) return "established";
  return error === 0 ? "closed" : RESULTS[errnoName(error)] ?? "failed";
}

/**
 * Whether an attempt has come to an end, and to no connection.
 *
 * @example
 * ```ts
 * import { failedToConnect } from "@denobpf/denobpf/tool";
 * import { assert } from "@std/assert";
 *
 * assert(failedToConnect({ result: "refused" }));
 * ```
 */
export function failedToConnect({ result }: { readonly result: string }): boolean {
  return result !== "established" && result !== "started";
}

const member = membersOf<ConnectRecord>();

/**
 * The members of an attempt that its record does not have as they are.
 *
 * @example
 * ```ts
 * import { event } from "#skel/tcpconnect.ts";
 * import { connectMembers, membersOf } from "@denobpf/denobpf/tool";
 *
 * const members = { time: membersOf(event).c.time, ...connectMembers };
 * console.log(members.result.brief);
 * ```
 */
export const connectMembers = {
  pid: member.integer(
    { brief: "Process that connects", width: -6 },
    (r) => r.owned ? r.pid : undefined,
  ),
  comm: member.text({ brief: "Its name", width: -16 }, (r) => r.owned ? r.$comm : undefined),
  ip: member.integer({ brief: "4 or 6", width: -2 }, (r) => r.ip),
  lport: member.integer(
    { header: "SPORT", brief: "Local port", width: -5 },
    (r) => r.lport || undefined,
  ),
  result: member.text(
    { brief: "established, refused, timeout, unreachable, failed, closed or started", width: -11 },
    resultOf,
  ),
  error: member.text(
    { brief: "Error that it failed with" },
    (r) => r.error === 0 ? undefined : errnoName(r.error),
  ),
  latency_ns: member.integer(
    { header: "MS", brief: "Time from the first SYN to the end", unit: 1e6, decimals: 2, width: 8 },
    (r) => r.begins || r.started === 0n ? undefined : r.time - r.started,
  ),
  syn_retransmits: member.integer({ brief: "SYNs sent again" }, (r) => r.syn_retransmits),
  tid: member.integer(
    { brief: "Thread that connects", width: -7 },
    (r) => r.owned ? r.tid : undefined,
  ),
  uid: member.integer({ brief: "Its user", width: -6 }, (r) => r.owned ? r.uid : undefined),
  fastopen: member.boolean({ brief: "Whether the SYN asked for Fast Open" }, (r) => r.fastopen),
  mptcp: member.boolean({ brief: "Whether it is a path of an MPTCP connection" }, (r) => r.mptcp),
  since_first: member.decimal(
    {
      header: "TIME(s)",
      brief: "Seconds since the first one",
      only: "table",
      width: -9,
      decimals: 3,
    },
    ({ time, $own }) => Number(time - ($own.first ??= time)) / 1e9,
  ),
};

/** The programs and variables of the kernel half, before load. */
export interface ConnectPrograms {
  /** Its variables. */
  readonly rodata: { by_function: boolean };
  /** Its programs. */
  readonly progs: Readonly<
    Record<
      | "btf_set_state"
      | "tp_set_state"
      | "tcp_v4_connect_exit"
      | "tcp_v6_connect_exit"
      | "sys_enter_connect"
      | "sys_exit_connect",
      Loadable
    >
  >;
  /** The map of calls whose end is traced. */
  readonly maps: { readonly connect_calls: { maxEntries: number } };
}

/**
 * Chooses the programs of the kernel half.
 * @param returns whether attempts that fail in connect() itself are seen, for which its end is traced
 *
 * @example
 * ```ts
 * import { Tcpconnect } from "#skel/tcpconnect.ts";
 * import { chooseConnectPrograms } from "@denobpf/denobpf/tool";
 *
 * using opened = Tcpconnect.open();
 * chooseConnectPrograms(opened, false);
 * opened.load();
 * ```
 */
export function chooseConnectPrograms(
  { rodata, progs, maps }: ConnectPrograms,
  returns: boolean,
): void {
  const by_function = returns && hasAttachKind("fexit");
  const by_call = returns && !by_function;
  rodata.by_function = by_function;
  loadHooks(progs, { set_state: true });
  progs.tcp_v4_connect_exit.autoload = by_function;
  progs.tcp_v6_connect_exit.autoload = by_function && fileExists("/proc/sys/net/ipv6");
  progs.sys_enter_connect.autoload = by_call;
  progs.sys_exit_connect.autoload = by_call;
  if (!by_call) maps.connect_calls.maxEntries = 1;
}
