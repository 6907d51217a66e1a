#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * lsm: forbids bpf(2) to the whole host until it is stopped. Another shell sees that by
 * `bpftool prog list`.
 */
import { Lsm } from "#skel/examples/lsm.ts";
import { pipeTool, toolMain } from "#lib/tool/mod.ts";

export const { tool } = pipeTool({
  name: "lsm",
  brief: "Forbid bpf(2) to everybody while this runs, as a security module",
  open: () => Lsm.open(),
});

if (import.meta.main) await toolMain(tool);
