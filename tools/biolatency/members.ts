import type { group, latencies } from "#skel/biolatency.ts";
import {
  type Counted,
  diskName,
  type EventOf,
  latencyMembers,
  membersOf,
  RequestNames,
  titleOf,
} from "#lib/tool/mod.ts";
import { heatHeader, heatOf } from "./heat.ts";

/** What distinguishes histograms, by the options. */
export function own(
  options: {
    readonly disks: boolean;
    readonly flags: boolean;
    readonly ops: boolean;
    readonly milliseconds: boolean;
  },
) {
  const { disks, flags, ops, milliseconds } = options;
  const names = flags || ops ? new RequestNames() : undefined;
  return { disks, flags, ops: flags || ops, unit: milliseconds ? "ms" : "us", names };
}

const member = membersOf<Counted<group & latencies, ReturnType<typeof own>>>();

/** The members of a histogram. */
export const members = {
  /** The end of the table's time, in nanoseconds since 1970. */
  time: member.time({ brief: "End of the table's time", width: -8 }, (r) => r.$time),
  /** With the option `disks`. */
  disk: member.text(
    { brief: "Disk, with -D", width: -12 },
    (r) => r.$own.disks ? diskName(r.dev) : undefined,
  ),
  /** With the option `ops` or `flags`: `write`. */
  op: member.text(
    { brief: "Operation, with --ops or -F", width: -12 },
    (r) => r.$own.ops ? r.$own.names!.op(r.cmd_flags) : undefined,
  ),
  /** With the option `flags`: `sync`, `nomerge`. */
  flags: member.words(
    { brief: "Flags of the request, with -F" },
    (r) => r.$own.flags ? r.$own.names!.flags(r.cmd_flags) : undefined,
  ),
  ...latencyMembers("Requests"),
};

/** A histogram: requests of one kind since the table before. */
export type BlockLatency = EventOf<typeof members>;

const table = membersOf<BlockLatency>();

/** What tables alone show: the histogram as a line. */
export const derived = {
  heat: table.text({
    brief: "histogram as a line of a heat map",
    header: heatHeader("1us", "16us", "256us", "4ms", "65ms", "1s"),
  }, (e) => heatOf(e.histogram)),
  heat_ms: table.text({
    brief: "The same, of milliseconds",
    header: heatHeader("1ms", "16ms", "256ms", "4s", "65s"),
  }, (e) => heatOf(e.histogram)),
};

/** Spellings of the C tool where they are not the kernel's. */
const FLAGS: Readonly<Record<string, string>> = {
  meta: "Metadata",
  prio: "Priority",
  nomerge: "NoMerge",
  fua: "FUA",
  preflush: "PreFlush",
  rahead: "ReadAhead",
  nowait: "NoWait",
};

/** The line above a histogram, as the C tool has it: `disk = sda`, `flags = Sync-Write`. */
export function headingOf(row: BlockLatency, extension: boolean): string {
  const { disk, op, flags, count, avg_ns, total_ns, unit } = row;
  const kind = op === undefined
    ? undefined
    : [...(flags ?? []).toReversed().map((flag) => FLAGS[flag] ?? titleOf(flag)), titleOf(op)]
      .join("-");
  const nanoseconds = unit === "ms" ? 1_000_000n : 1000n;
  return [
    disk !== undefined && `disk = ${disk}`,
    kind !== undefined && `${flags === undefined ? "op" : "flags"} = ${kind}`,
    extension && `avg = ${avg_ns / nanoseconds} ${unit}, ` +
      `total: ${total_ns / nanoseconds} ${unit}, count: ${count}`,
  ].filter((part) => part !== false).join("  ");
}
