#!/usr/bin/env -S deno run --allow-ffi --allow-read
/**
 * uprobe: two functions of libc as this process calls them, once a second. One is attached here, the
 * other one by libbpf.
 */
import { Uprobe } from "#skel/examples/uprobe.ts";
import { attachUprobe } from "#lib/objects/attach/uprobe.ts";
import { libc } from "#lib/sys/libc.ts";
import { symbolGroup } from "#lib/sys/library.ts";
import { pipeTool, toolMain } from "#lib/tool/mod.ts";

const functions = symbolGroup(libc, {
  // div_t div(int numerator, int denominator)
  div: { parameters: ["i32", "i32"], result: { struct: ["i32", "i32"] } },
  // int abs(int j)
  abs: { parameters: ["i32"], result: "i32" },
});

let calls = 0;

export const { tool } = pipeTool({
  name: "uprobe",
  brief: "Show calls of two functions of libc, with their arguments and results",
  open: () => Uprobe.open(),
  attach({ progs, links }) {
    links.uprobe_div = attachUprobe(progs.uprobe_div, "libc.so.6", "div", { pid: Deno.pid });
    // Without a pid it is attached to all processes, those to come too.
    links.uretprobe_div = attachUprobe(progs.uretprobe_div, "libc.so.6", "div");
  },
  everySecond() {
    calls++;
    functions().div(7 * calls, 2);
    functions().abs(-calls);
  },
});

if (import.meta.main) await toolMain(tool);
