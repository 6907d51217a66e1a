#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * minimal_ns: minimal inside a container. A process there knows its pid in its own namespace only, so
 * the kernel half is passed which namespace that is.
 */
import { MinimalNs } from "#skel/examples/minimal_ns.ts";
import { fileId } from "#lib/sys/status.ts";
import { pipeTool, toolMain } from "#lib/tool/mod.ts";

export const { tool } = pipeTool({
  name: "minimal_ns",
  brief: "Show in the trace pipe that this process calls write(2), in any pid namespace",
  open() {
    const namespace = fileId("/proc/self/ns/pid");
    const opened = MinimalNs.open();
    opened.bss.my_pid = Deno.pid;
    opened.bss.dev = BigInt(namespace.dev);
    opened.bss.ino = namespace.ino;
    return opened;
  },
  everySecond: () => Deno.stderr.writeSync(new TextEncoder().encode(".")),
  wanted: (line) => line.includes(`from PID ${Deno.pid}.`),
});

if (import.meta.main) await toolMain(tool);
