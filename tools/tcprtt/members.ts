import type { group, rtts } from "#skel/tcprtt.ts";
import { addressText, type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import { timeMembers, type UnitOptions } from "#lib/tool/task_times.ts";

/** What can be counted: `enum rtt` of bpf/tcprtt.bpf.c. */
export const RTTS = ["smoothed", "sample", "min"] as const;

/** What distinguishes connections. */
export const PARTS = ["laddr", "raddr", "lport", "rport", "process"] as const;

export type Part = typeof PARTS[number];

/** What members are read by. */
export interface Shown extends UnitOptions {
  readonly by: ReadonlySet<Part>;
}

/** What was counted of some connections. */
export type Rtts = group & rtts["times"] & Omit<rtts, "times">;

const member = membersOf<Counted<Rtts, Shown>>();

/** A value that all connections of the row have in common. */
function of<T>({ $own }: { readonly $own: Shown }, part: Part, value: T): T | undefined {
  return $own.by.has(part) ? value : undefined;
}

const { count: _, ...times } = timeMembers("round trip");

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  laddr: member.text(
    { brief: "Local address, with --by laddr", width: -15 },
    (r) => of(r, "laddr", addressText(r.laddr)),
  ),
  lport: member.integer(
    { brief: "Local port, with --by lport", width: -5 },
    (r) => of(r, "lport", r.lport),
  ),
  raddr: member.text(
    { brief: "Remote address, with --by raddr", width: -15 },
    (r) => of(r, "raddr", addressText(r.raddr)),
  ),
  rport: member.integer(
    { brief: "Remote port, with --by rport", width: -5 },
    (r) => of(r, "rport", r.rport),
  ),
  /** Undefined too where nobody is known to own the socket. */
  pid: member.integer(
    { brief: "Process that owns the socket, with --by process", width: -7 },
    (r) => of(r, "process", r.pid || undefined),
  ),
  comm: member.text(
    { brief: "Its name", width: -16 },
    (r) => of(r, "process", r.comm || undefined),
  ),
  count: member.integer({ brief: "How often it was measured", width: 8 }, (r) => Number(r.count)),
  ...times,
  /** Of the kernel's smoothed mean deviation. */
  avg_jitter_ns: member.integer(
    { brief: "How far measurements are from the smoothed time, on average", width: 12 },
    (r) => r.total_jitter_ns / r.count,
  ),
};

/** A row of a table: round trip times of some connections since the table before. */
export type TcpRtt = EventOf<typeof members>;

const table = membersOf<TcpRtt>();

/** What tables alone show, besides times. */
export const derived = {
  avg_jitter_us: table.integer(
    {
      header: "JITTER (us)",
      brief: "avg_jitter_ns, in microseconds",
      width: 11,
      unit: 1e3,
      decimals: 1,
    },
    (e) => e.avg_jitter_ns,
  ),
};

/** The line above a histogram, as the C tool has it: `Remote Address = 192.0.2.1 [AVG 815]`. */
export function heading(row: TcpRtt, extension: boolean): string {
  const { laddr, lport, raddr, rport, pid, comm, avg_ns, unit } = row;
  const parts = [
    laddr !== undefined && `Local Address = ${laddr}`,
    lport !== undefined && `Local Port = ${lport}`,
    raddr !== undefined && `Remote Address = ${raddr}`,
    rport !== undefined && `Remote Port = ${rport}`,
    pid !== undefined && `pid = ${pid} ${comm}`,
  ].filter((part) => part !== false);
  const average = BigInt(avg_ns) / (unit === "ms" ? 1_000_000n : 1000n);
  return (parts.join(", ") || "All Addresses = ******") + (extension ? ` [AVG ${average}]` : "");
}
