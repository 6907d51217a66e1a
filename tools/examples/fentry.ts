#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * fentry: every file as it is unlinked, and what came of it. The function is chosen before load, as the
 * verifier has to know its arguments.
 */
import { Fentry } from "#skel/examples/fentry.ts";
import { pipeTool, toolMain } from "#lib/tool/mod.ts";
import { unlinkFunction } from "./unlink.ts";

export const { tool } = pipeTool({
  name: "fentry",
  brief: "Show every file that is unlinked, with fentry and fexit programs",
  open() {
    const target = unlinkFunction();
    const opened = Fentry.open();
    opened.progs.do_unlinkat.setAttachTarget(target);
    opened.progs.do_unlinkat_exit.setAttachTarget(target);
    return opened;
  },
});

if (import.meta.main) await toolMain(tool);
