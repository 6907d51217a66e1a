#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** bootstrap_legacy: bootstrap through a perf buffer, which is read as a ring buffer is. */
import { BootstrapLegacy } from "#skel/examples/bootstrap_legacy.ts";
import { integer, option, ringTool, toolMain } from "#lib/tool/mod.ts";
import { derived, members } from "../bootstrap.ts";

const DURATION = "Show only the ends of processes that lived at least MS milliseconds";

export const { tool, start: bootstrapLegacy } = ringTool({
  name: "bootstrap_legacy",
  brief: "Trace processes as they execute files and end, without a ring buffer",
  examples: [["bootstrap_legacy -d 100", "only the ends of those that lived 100 ms or more"]],
  options: { duration: option("d", "MS", DURATION, integer(0, 2 ** 40), 0) },
  members,
  derived,
  columns: () => ["time", "event", "comm", "pid", "ppid", "outcome"],
  failed: (e) => e.signal !== undefined || (e.exit_code ?? 0) !== 0,
  open: () => BootstrapLegacy.open(),
  prepare({ rodata }, { duration }) {
    rodata.min_duration_ns = BigInt(duration) * 1_000_000n;
  },
});

if (import.meta.main) await toolMain(tool);
