import { fileExists } from "#lib/sys/status.ts";
import { LoopDevice } from "../../tests/tools/loop_device.ts";
import { runTime, withStats } from "../kernel_half.ts";
import { c, report, tool } from "../programs.ts";
import { type Contestants, ratios, rounds } from "../rounds.ts";
import type { Effort, Figure, Row } from "../row.ts";
import { Subject } from "../subject.ts";

/** What events.c makes, and how many of that. */
const EVENTS = {
  open: 200_000,
  stat: 200_000,
  read: 20_000,
  switch: 100_000,
  connect: 10_000,
  send: 100_000,
  signal: 200_000,
};

type Event = keyof typeof EVENTS;

/** Tools that show such events, with the words of their command lines where the C tool needs some. */
const TOOLS: readonly (readonly [event: Event, name: string, ...args: string[]])[] = [
  ["open", "opensnoop"],
  ["stat", "statsnoop"],
  ["read", "biosnoop"],
  ["read", "biolatency"],
  ["switch", "runqlat"],
  ["switch", "runqlat", "-P"],
  ["switch", "runqslower"],
  ["connect", "tcpconnect"],
  ["connect", "tcplife"],
  ["send", "tcptop"],
  ["send", "softirqs"],
];

/** What a tool takes while such events are made, before and after which this is asked. */
type Measure = (subject: Subject) => number;

export const hooks: Row = {
  name: "hooks",
  title: "What tools cost the kernel",
  how:
    "How long the programs of a tool run for an event of a kind, in a loop that makes such events " +
    "(kernel.bpf_stats_enabled): what an event takes longer while the tool runs. What else happens on " +
    "the host is in it, of both contestants. C tools that do not start on this kernel are left out.",
  measure: (effort) => withStats(() => measureAll(effort, ({ pid }) => runTime(pid), "ns")),
};

export const readers: Row = {
  name: "readers",
  title: "What tools take themselves",
  how:
    "CPU time of a tool's process for an event of a kind, in a loop that makes such events: reading, " +
    "and writing lines into a pipe. C tools that do not start on this kernel are left out.",
  measure: (effort) => measureAll(effort, (subject) => subject.cpuMs() * 1e6, "ns of CPU"),
};

async function measureAll(effort: Effort, measure: Measure, unit: string): Promise<Figure[]> {
  using disk = new LoopDevice();
  const figures: Figure[] = [];
  for (const [event, name, ...args] of TOOLS) {
    const cost = (command: readonly string[]) => () =>
      costOf(command, event, effort.pick(EVENTS[event], 100), disk.path, measure);
    const C = ["stdbuf", "-oL", name, ...args];
    const ours = cost(tool(name, ...args));
    const both = fileExists(`/usr/sbin/${name}`) && await runs(C);
    const contestants: Contestants = { ours, ...both && { C: cost(C) } };
    const measured = await rounds(contestants, effort.rounds, { ...effort, warm: 0 });
    figures.push({
      name: [name, ...args].join(" "),
      unit: `${unit}, of ${event}`,
      rounds: measured,
      ...both && {
        headline: { what: "ours / C", values: ratios(measured.ours, measured.C) },
        reach: { most: 1 },
      },
    });
  }
  return figures;
}

/** Whether a C tool starts here: some are attached to functions, which not every kernel lets be traced. */
async function runs(command: readonly string[]): Promise<boolean> {
  try {
    await using _subject = await Subject.start(command, "stdout");
    return true;
  } catch {
    return false;
  }
}

async function costOf(
  command: readonly string[],
  event: Event,
  count: number,
  disk: string,
  measure: Measure,
): Promise<number> {
  await using subject = await Subject.start(command, "stdout");
  const before = measure(subject);
  await report(c("events", event, count, disk));
  return (measure(subject) - before) / count;
}
