#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * bootstrap: processes as they execute files and end. A small complete tool to start from: every other
 * one has these parts in this order.
 */
import { Bootstrap } from "#skel/bootstrap.ts";
import {
  integer,
  type Lazy,
  loadHooks,
  loadTargeted,
  missesOf,
  option,
  type OptionsOf,
  RingTrace,
  targetOptions,
  type Text,
  type Tool,
  toolMain,
  type Trace,
  type TraceOptions,
  withDefaults,
} from "#lib/tool/mod.ts";
import { ProcessView } from "./bootstrap/view.ts";

const MAX_MS = 2 ** 40;

const options = {
  duration: option(
    "d",
    "MS",
    "Show only the ends of processes that lived at least MS milliseconds",
    integer(0, MAX_MS),
    0,
  ),
  ...targetOptions,
};

type Options = OptionsOf<typeof options>;

/** A process that executed a file, or ended. */
export interface ProcessEvent {
  /** When it happened, in nanoseconds since 1970. */
  readonly time: bigint;
  readonly event: "EXEC" | "EXIT";
  readonly comm: string;
  readonly pid: number;
  readonly ppid: number;
  /** EXEC: the file, cut at 255 bytes. */
  readonly filename?: string;
  /** EXIT: what the process gave to exit(3), unless a signal ended it. */
  readonly exit_code?: number;
  /** EXIT: the signal that ended the process: `SIGKILL`. */
  readonly signal?: string;
  /** EXIT: how long the process lived, in nanoseconds. */
  readonly duration_ns?: bigint;
}

export const tool: Tool<Options, Lazy<ProcessEvent>> = {
  name: "bootstrap",
  brief: "Trace processes as they execute files and end",
  options,
  examples: [
    ["bootstrap", "all of them"],
    ["bootstrap -d 100", "only the ends of those that lived 100 ms or more"],
  ],
  fields: {
    time: { type: "time", width: -8, brief: "When it happened", value: (e) => e.time },
    event: { type: "text", width: -5, brief: "EXEC or EXIT", value: (e) => e.event },
    comm: { type: "text", width: -16, brief: "Name of the process", value: (e) => e.comm },
    pid: { type: "integer", width: -7, brief: "Process", value: (e) => e.pid },
    ppid: { type: "integer", width: -7, brief: "Parent of the process", value: (e) => e.ppid },
    filename: {
      type: "text",
      brief: "EXEC: the file, cut at 255 bytes",
      value: (e) => e.filename,
    },
    exit_code: {
      type: "integer",
      brief: "EXIT: what exit(3) was given, unless a signal ended the process",
      value: (e) => e.exit_code,
    },
    signal: {
      type: "text",
      width: -9,
      brief: "EXIT: the signal that ended the process",
      value: (e) => e.signal,
    },
    duration_ns: {
      type: "integer",
      brief: "EXIT: how long the process lived, in nanoseconds",
      value: (e) => e.duration_ns,
    },
    outcome: {
      type: "text",
      header: "FILENAME/EXIT CODE",
      only: "table",
      brief: "The file of an EXEC, code or signal and duration of an EXIT",
      value: outcome,
    },
  },
  columns: () => ["time", "event", "comm", "pid", "ppid", "outcome"],
  failed: (e) => e.signal !== undefined || (e.exit_code ?? 0) !== 0,
  trace: bootstrap,
};

/** Starts tracing: the programs are attached when this returns. */
export function bootstrap(
  given: TraceOptions<Options> = {},
): Trace<ProcessEvent, Lazy<ProcessEvent>> {
  const wanted = withDefaults(options, given);
  const view = new ProcessView();
  const skeleton = loadTargeted(Bootstrap.open(), wanted, ({ rodata, progs }) => {
    rodata.min_duration_ns = BigInt(wanted.duration) * 1_000_000n;
    loadHooks(progs, { exec: wanted.duration === 0, exit: true });
  });
  return new RingTrace({
    skeleton,
    ring: skeleton.maps.events,
    event: (record, wall) => view.place(record, wall).copy(),
    view: (record, wall) => view.place(record, wall),
    readerRests: (yes) => skeleton.bss.reader_rests = yes,
    lost: () => ({
      ring: skeleton.bss.lost,
      missed: missesOf(skeleton.progs, "exec", "exit"),
    }),
    signal: given.signal,
  });
}

/** The last column: the file of an EXEC, `[code] (12ms)` of an EXIT. */
function outcome(e: Lazy<ProcessEvent>): Text {
  return e.filename ?? `[${e.signal ?? e.exit_code}] (${e.duration_ns! / 1_000_000n}ms)`;
}

if (import.meta.main) await toolMain(tool);
