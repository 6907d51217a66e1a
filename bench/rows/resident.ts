import { BENCH_OBJECT, c, ours, tool } from "../programs.ts";
import type { Figure, Row } from "../row.ts";
import { Subject } from "../subject.ts";

const MIB = 2 ** 20;
const RATE = 400_000;

export const resident: Row = {
  name: "resident",
  title: "Resident memory",
  how: "VmRSS of a reader that writes a line for each event to /dev/null, after this many events.",
  remarks:
    "Missed: most of it are pages of Deno's own file, which it has touched: they are shared by all " +
    "that run Deno, and the kernel takes them back when it needs memory. What the tool has for itself " +
    "is the private part: V8's heap, its compiled code, the buffers. V8 doubles the memory for young objects " +
    "whenever as much as that has outlived a collection; `--v8-flags=--max-semi-space-size=1` behind `deno " +
    "run` keeps it at its smallest. An hour of storms with nine million execs (`make soak`) added 0.2 to 1.7 MB " +
    "to what each of three tools had for itself when it was warm (2026-11-28).",
  async measure(effort) {
    const us = await growth(ours("live", BENCH_OBJECT, "lines"), effort.pick(1, 0.01));
    const them = await growth(c("live", BENCH_OBJECT, "lines"), effort.pick(1, 0.01));
    const empty = await growth(ours("empty"), 0, "stdout");
    const idle = await growth(tool("execsnoop"), 0, "stdout");
    effort.progress();
    const figures: Figure[] = us.map(({ events, mib }, at) => ({
      name: `after ${events.toLocaleString("en")} events`,
      unit: "MiB",
      rounds: { ours: [mib], C: [them[at].mib] },
      ...(events > 0 && { headline: { what: "MiB, ours", values: [mib] }, reach: { most: 48 } }),
    }));
    figures.push({
      name: "private, after 10,000,000 events",
      unit: "MiB",
      rounds: { ours: [us[2].privateMib], C: [them[2].privateMib] },
    });
    figures.push({
      name: "growth from 1,000,000 to 10,000,000",
      unit: "MiB",
      rounds: { ours: [us[2].mib - us[1].mib], C: [them[2].mib - them[1].mib] },
      headline: { what: "10,000,000 / 1,000,000 events, ours", values: [us[2].mib / us[1].mib] },
      reach: { most: 1.05 },
    });
    figures.push({ name: "an empty Deno script", unit: "MiB", rounds: { ours: [empty[0].mib] } });
    figures.push({ name: "execsnoop at its start", unit: "MiB", rounds: { ours: [idle[0].mib] } });
    return figures;
  },
};

/** @param part of all events; 0 for none */
async function growth(
  command: readonly string[],
  part: number,
  from: "stdout" | "stderr" = "stderr",
): Promise<{ events: number; mib: number; privateMib: number }[]> {
  await using subject = await Subject.start(command, from);
  const after = (events: number) => ({
    events,
    mib: subject.residentBytes() / MIB,
    privateMib: subject.residentBytes("RssAnon") / MIB,
  });
  const sizes = [after(0)];
  if (part === 0) return sizes;
  for (const [events, more] of [[1e6, 1e6], [1e7, 9e6]]) {
    await new Deno.Command(c("produce")[0], { args: [String(RATE), String(more * part)] }).output();
    sizes.push(after(events));
  }
  return sizes;
}
