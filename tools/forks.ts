#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * forks: how many processes and threads are created, and who creates them.
 *
 * As a command: `sudo tools/forks.ts --help`. As a module, a table at a time:
 *
 * ```ts ignore
 * using trace = forks({ interval: 1 });
 * for await (const table of trace.batches()) console.log(table[0].comm, table[0].processes);
 * ```
 */
import { type created, Forks, type group } from "#skel/forks.ts";
import {
  type Counted,
  CounterSets,
  countTool,
  type EventOf,
  flag,
  intervalOperands,
  loadHooks,
  membersOf,
  targetOptions,
  toolMain,
  topOptions,
} from "#lib/tool/mod.ts";

/** What members are read by. */
function own({ process }: { readonly process: boolean }): { readonly process: boolean } {
  return { process };
}

const member = membersOf<Counted<group & created, ReturnType<typeof own>>>();

/** How many there were in a second. */
const perSecond = (count: bigint, seconds: number) => Number(count) / seconds;

/** The members of a row. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  processes: member.integer({ brief: "Processes created", width: 9 }, (r) => Number(r.processes)),
  threads: member.integer({ brief: "Threads created", width: 9 }, (r) => Number(r.threads)),
  execs: member.integer(
    { brief: "Programs that its children have executed", width: 9 },
    (r) => Number(r.execs),
  ),
  processes_per_second: member.decimal(
    { brief: "Processes created in a second", header: "PROC/s", width: 9, decimals: 1 },
    (r) => perSecond(r.processes, r.$seconds),
  ),
  threads_per_second: member.decimal(
    { brief: "Threads created in a second", header: "THREAD/s", width: 9, decimals: 1 },
    (r) => perSecond(r.threads, r.$seconds),
  ),
  /** With `--process`. */
  pid: member.integer(
    { brief: "The process that creates them, with --process", width: -7 },
    (r) => r.$own.process ? r.pid : undefined,
  ),
  comm: member.text(
    { brief: "Its name; none with --total", width: -16 },
    (r) => r.comm || undefined,
  ),
};

/** What processes of a name, or a process, created since the table before. */
export type Created = EventOf<typeof members>;

export const { tool, start: forks } = countTool({
  name: "forks",
  group: "processes",
  brief: "Count processes and threads as they are created, by who creates them",
  examples: [
    ["forks", "by name of the creating process, at the end (Ctrl-C)"],
    ["forks 1 10", "each second, ten times"],
    ["forks -P --top 1", "by process, in place, on a screen of their own"],
    ["forks --total 1", "all of them together, each second"],
    ["forks -c system.slice", "those that are created in this cgroup"],
  ],
  options: {
    process: flag("P", "Count by process, not by name"),
    total: flag("", "Count all of them together"),
    ...topOptions,
    ...targetOptions,
  },
  operands: intervalOperands,
  demanding: [{ process: true }],
  members,
  title: () => "Counting what is created... Hit Ctrl-C to end.",
  columns: ({ process, total }) => [
    "processes",
    "threads",
    "execs",
    "processes_per_second",
    "threads_per_second",
    process && "pid",
    !total && "comm",
  ],
  order: () => "-processes",
  own,
  open: () => Forks.open(),
  prepare({ rodata, progs }, { process, total }) {
    rodata.by_process = process;
    rodata.by_name = !total;
    loadHooks(progs, { new: true, exec: true });
  },
  counter: (skeleton) => new CounterSets(skeleton, skeleton.maps.counts),
  fills: () => true,
});

if (import.meta.main) await toolMain(tool);
