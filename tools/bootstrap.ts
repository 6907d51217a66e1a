#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** bootstrap: processes as they execute files and end. A small complete tool to start from. */
import { Bootstrap, event } from "#skel/bootstrap.ts";
import {
  type EventOf,
  exitOf,
  integer,
  type LazyOf,
  loadHooks,
  membersOf,
  option,
  ringTool,
  targetOptions,
  toolMain,
} from "#lib/tool/mod.ts";

const MAX_MS = 2 ** 40;

const member = membersOf(event);

/** The members of an event. */
export const members = {
  time: member.c.time,
  event: member.text({ brief: "EXEC or EXIT", width: -5 }, (r) => r.exit_event ? "EXIT" : "EXEC"),
  comm: { ...member.c.comm, brief: "Name of the process" },
  pid: member.c.pid,
  ppid: { ...member.c.ppid, brief: "Parent of the process" },
  filename: member.text(
    { brief: "EXEC: the file, cut at 255 bytes" },
    (r) => r.exit_event ? undefined : r.$filename,
  ),
  exit_code: member.integer(
    { brief: "EXIT: what was passed to exit(3), unless a signal ended the process" },
    (r) => r.exit_event ? exitOf(r.status).exit_code : undefined,
  ),
  signal: member.signal(
    { brief: "EXIT: the signal that ended the process", width: -9 },
    (r) => r.exit_event ? exitOf(r.status).signal : undefined,
  ),
  duration_ns: member.integer(
    { brief: "EXIT: how long the process lived, in nanoseconds" },
    (r) => r.exit_event ? r.duration_ns : undefined,
  ),
};

/** A process that executed a file, or ended. */
export type ProcessEvent = EventOf<typeof members>;

const table = membersOf<LazyOf<typeof members>>();

/** What tables alone show. */
export const derived = {
  outcome: table.text(
    {
      header: "FILENAME/EXIT CODE",
      brief: "The file of an EXEC, code or signal and duration of an EXIT",
    },
    (e) => e.filename ?? `[${e.signal ?? e.exit_code}] (${e.duration_ns! / 1_000_000n}ms)`,
  ),
};

export const { tool, start: bootstrap } = ringTool({
  name: "bootstrap",
  group: "to read",
  brief: "Trace processes as they execute files and end",
  examples: [
    ["bootstrap", "all of them"],
    ["bootstrap -d 100", "only the ends of those that lived 100 ms or more"],
  ],
  options: {
    duration: option(
      "d",
      "MS",
      "Show only the ends of processes that lived at least MS milliseconds",
      integer(0, MAX_MS),
      0,
    ),
    ...targetOptions,
  },
  members,
  derived,
  columns: () => ["time", "event", "comm", "pid", "ppid", "outcome"],
  failed: (e) => e.signal !== undefined || (e.exit_code ?? 0) !== 0,
  open: () => Bootstrap.open(),
  prepare({ rodata, progs }, { duration }) {
    rodata.min_duration_ns = BigInt(duration) * 1_000_000n;
    loadHooks(progs, { exec: duration === 0, exit: true });
  },
});

if (import.meta.main) await toolMain(tool);
