import type { group, queues } from "#skel/tcpsynbl.ts";
import {
  addressText,
  type Counted,
  drawHistogram,
  endText,
  escapeText,
  type EventOf,
  membersOf,
  OWNER_BY,
  usedSlots,
} from "#lib/tool/mod.ts";

const member = membersOf<Counted<group & queues>>();

/** A value of the owner, if that is known. */
const owned = <T>({ owner_by }: group, value: T): T | undefined =>
  owner_by === 0 ? undefined : value;

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  pid: member.integer({ brief: "Process that listens", width: -7 }, (r) => owned(r, r.pid)),
  comm: member.text({ brief: "Its name", width: -16 }, (r) => owned(r, r.comm)),
  laddr: member.text(
    { brief: "Address that it listens at", width: -15 },
    (r) => addressText(r.laddr),
  ),
  lport: member.integer({ brief: "Port", width: -5 }, (r) => r.lport),
  backlog_max: member.integer(
    { header: "LIMIT", brief: "Connections that may wait; one more does", width: 6 },
    (r) => r.backlog_max,
  ),
  count: member.integer({ brief: "Connections that came", width: 8 }, (r) => Number(r.count)),
  avg_queue: member.decimal(
    { header: "AVG", brief: "Average of those that waited already", width: 8, decimals: 1 },
    (r) => r.count === 0n ? undefined : Number(r.total) / Number(r.count),
  ),
  max_queue: member.integer(
    { header: "MAX", brief: "Connections that waited at most, a new one included", width: 6 },
    (r) => r.max_queue,
  ),
  max_syn_queue: member.integer(
    { header: "SYNQ", brief: "Handshakes that were under way, at most", width: 6 },
    (r) => r.max_syn_queue,
  ),
  drops: member.integer(
    {
      brief: "SYNs and last ACKs that were refused: a queue was full, for the most part",
      width: 8,
    },
    (r) => Number(r.drops),
  ),
  ip: member.integer({ brief: "4 or 6: what the socket is bound to", width: -2 }, (r) => r.ip),
  owner_by: member.text(
    { brief: "How the process is known: listen, start (had the socket open)" },
    (r) => OWNER_BY[r.owner_by],
  ),
  uid: member.integer({ brief: "User who made the socket", width: -6 }, (r) => r.uid),
  netns: member.integer({ brief: "Network namespace", width: -10 }, (r) => r.netns),
  cgroup_id: member.integer(
    { brief: "Cgroup that the socket was made in" },
    (r) => r.cgroup_id,
  ),
  histogram: member.integers(
    { brief: "Connections that came when 2^i to 2^(i+1) - 1 waited; those of none are at 0, too" },
    (r) => usedSlots(r.slots),
  ),
};

/** A row of a table: what came to a socket that listens since the table before. */
export type ListenQueue = EventOf<typeof members>;

/** A row as a histogram, below a line that begins as that of the C tool does: `backlog_max = 128`. */
export function drawn(row: ListenQueue): string {
  const { backlog_max, laddr, lport, pid, comm, drops, max_syn_queue, histogram } = row;
  const parts = [
    `backlog_max = ${backlog_max}`,
    `listener = ${endText(laddr, lport)}`,
    pid !== undefined && `pid = ${pid} ${comm}`,
    max_syn_queue > 0 && `syn_queue = ${max_syn_queue}`,
    drops > 0 && `drops = ${drops}`,
  ].filter((part) => part !== false);
  return `\n${escapeText(parts.join(", "))}\n${drawHistogram(histogram, { unit: "backlog" })}`;
}
