#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** bootstrap_legacy: bootstrap through a perf buffer, which is read as a ring buffer is. */
import { BootstrapLegacy } from "#skel/examples/bootstrap_legacy.ts";
import { exitOf } from "#lib/sys/wait_status.ts";
import { loadSkeleton } from "#lib/tool/load.ts";
import {
  integer,
  option,
  type OptionsOf,
  RingTrace,
  type Tool,
  toolMain,
  type Trace,
  type TraceOptions,
  withDefaults,
} from "#lib/tool/mod.ts";
import { type ProcessEvent, tool as bootstrap } from "../bootstrap.ts";

const DURATION = "Show only the ends of processes that lived at least MS milliseconds";

const options = { duration: option("d", "MS", DURATION, integer(0, 2 ** 40), 0) };

type Options = OptionsOf<typeof options>;

export const tool: Tool<Options, ProcessEvent> = {
  name: "bootstrap_legacy",
  brief: "Trace processes as they execute files and end, without a ring buffer",
  options,
  examples: [["bootstrap_legacy -d 100", "only the ends of those that lived 100 ms or more"]],
  fields: bootstrap.fields,
  columns: bootstrap.columns as () => string[],
  failed: bootstrap.failed,
  trace: bootstrapLegacy,
};

/** Starts tracing: the programs are attached when this returns. */
export function bootstrapLegacy(given: TraceOptions<Options> = {}): Trace<ProcessEvent> {
  const { duration } = withDefaults(options, given);
  const skeleton = loadSkeleton(BootstrapLegacy.open(), ({ rodata }) => {
    rodata.min_duration_ns = BigInt(duration) * 1_000_000n;
  });
  return new RingTrace({
    skeleton,
    ring: skeleton.maps.events,
    event(record, wall) {
      const { comm, pid, ppid, filename, duration_ns } = record;
      const event = { time: wall(record.time), comm, pid, ppid };
      if (!record.exit_event) return { ...event, event: "EXEC", filename };
      return { ...event, event: "EXIT", ...exitOf(record.status), duration_ns };
    },
    lost: () => BigInt(skeleton.maps.events.lost),
    signal: given.signal,
  });
}

if (import.meta.main) await toolMain(tool);
