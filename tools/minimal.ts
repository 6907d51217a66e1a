#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * minimal: the least that a BPF tool can be. The kernel half writes a line into the trace pipe whenever
 * this process calls write(2); this half calls it once a second and shows those lines.
 */
import { Minimal } from "#skel/minimal.ts";
import { fileId, pipeTool, toolMain } from "#lib/tool/mod.ts";

export const { tool, start: minimal } = pipeTool({
  name: "minimal",
  group: "to read",
  brief: "Show in the trace pipe that this process calls write(2), once a second",
  examples: [["minimal", "a line a second, until Ctrl-C"]],
  open() {
    const namespace = fileId("/proc/self/ns/pid");
    const opened = Minimal.open();
    opened.bss.my_pid = Deno.pid;
    opened.bss.my_dev = BigInt(namespace.dev);
    opened.bss.my_ino = namespace.ino;
    return opened;
  },
  everySecond: () => Deno.stderr.writeSync(new TextEncoder().encode(".")),
  wanted: (line) => line.includes(`from PID ${Deno.pid}.`),
});

if (import.meta.main) await toolMain(tool);
