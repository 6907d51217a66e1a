/** What runqlen shows of run queues. */
import { type Counted, type EventOf, membersOf } from "#lib/tool/mod.ts";
import { type Cpus, type Queue, sum, total } from "./counter.ts";

const member = membersOf<Counted<Queue>>();

/** Some CPUs in percent of all that there were, with the option `unclaimed`. */
const percent = (header: string, brief: string, some: (cpus: Cpus) => number) =>
  member.decimal(
    { brief, header, width: 10, decimals: 2 },
    ({ cpus }) => cpus && 100 * some(cpus) / cpus.all,
  );

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** With the option `numa`. */
  node: member.integer({ brief: "NUMA node, with --numa", width: 4 }, (r) => r.node),
  /** With the option `cpus`. */
  cpu: member.integer({ brief: "CPU, with --cpus", width: 3 }, (r) => r.cpu),
  /** With the option `class`: `fair`, `rt`, `deadline` or `ext`. */
  class: member.text(
    { brief: "Class of the tasks that wait, with --class", width: -8 },
    (r) => r.class,
  ),
  samples: member.integer(
    { brief: "How often a queue was looked at", width: 8 },
    (r) => sum(r.lengths),
  ),
  avg_len: member.decimal(
    { brief: "Tasks that waited, on average", width: 8, decimals: 3 },
    (r) => total(r.lengths) / sum(r.lengths),
  ),
  max_len: member.integer(
    { brief: "Tasks that waited, at most", width: 7 },
    (r) => r.lengths.length - 1,
  ),
  occupancy: member.decimal(
    { brief: "Samples in which tasks waited, in percent", header: "OCC%", width: 6, decimals: 2 },
    (r) => 100 * (1 - r.lengths[0] / sum(r.lengths)),
  ),
  /** How many samples there were in which `i` tasks waited. */
  histogram: member.integers(
    { brief: "Samples in which 0, 1, 2 and more tasks waited" },
    (r) => r.lengths,
  ),
  /** 100 is all of the time of all CPUs. */
  cpu_percent: percent(
    "CPU%",
    "CPUs that are not idle, in percent, with --unclaimed",
    ({ all, idle }) => all - idle,
  ),
  unclaimed_percent: percent(
    "UNCLAIMED%",
    "CPUs that are idle while tasks wait that may run there",
    ({ unclaimed }) => unclaimed,
  ),
  bound_percent: percent(
    "BOUND%",
    "CPUs that are idle while tasks wait that may not run there",
    ({ wanted, unclaimed }) => wanted - unclaimed,
  ),
};

/** A row of a table: samples of some run queues since the table before. */
export type RunQueueLength = EventOf<typeof members>;
