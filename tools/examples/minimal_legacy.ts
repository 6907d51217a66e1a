#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * minimal_legacy: minimal for kernels without global variables. This half passes the other one its pid in
 * a map.
 */
import { MinimalLegacy } from "#skel/examples/minimal_legacy.ts";
import { pipeTool, toolMain } from "#lib/tool/mod.ts";

export const { tool } = pipeTool({
  name: "minimal_legacy",
  brief: "Show in the trace pipe that this process calls write(2), without global variables",
  open: () => MinimalLegacy.open(),
  attach({ maps }) {
    maps.my_pid_map.update(0, Deno.pid);
  },
  everySecond: () => Deno.stderr.writeSync(new TextEncoder().encode(".")),
  wanted: (line) => line.includes(`from PID ${Deno.pid}.`),
});

if (import.meta.main) await toolMain(tool);
