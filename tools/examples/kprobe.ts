#!/usr/bin/env -S deno run --allow-ffi --allow-read
/** kprobe: every file as it is unlinked, and what came of it. The function is chosen when it is attached. */
import { Kprobe } from "#skel/examples/kprobe.ts";
import { attachKprobe } from "#lib/objects/attach/kprobe.ts";
import { pipeTool, toolMain } from "#lib/tool/mod.ts";
import { unlinkFunction } from "./unlink.ts";

export const { tool } = pipeTool({
  name: "kprobe",
  brief: "Show every file that is unlinked, with a kprobe and a kretprobe",
  open: () => Kprobe.open(),
  attach({ progs, links }) {
    const target = unlinkFunction();
    links.do_unlinkat = attachKprobe(progs.do_unlinkat, target);
    links.do_unlinkat_exit = attachKprobe(progs.do_unlinkat_exit, target);
  },
});

if (import.meta.main) await toolMain(tool);
