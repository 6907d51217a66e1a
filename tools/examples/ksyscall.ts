#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** ksyscall: every signal that a process sends to another, or to one of its own threads. */
import { Ksyscall } from "#skel/examples/ksyscall.ts";
import { pipeTool, toolMain } from "#lib/tool/mod.ts";

export const { tool } = pipeTool({
  name: "ksyscall",
  brief: "Show the signals that processes send, with probes on kill(2) and tgkill(2)",
  open: () => Ksyscall.open(),
});

if (import.meta.main) await toolMain(tool);
