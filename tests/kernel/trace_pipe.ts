/** What kernel halves print with bpf_printk(), as a tool shows it from the trace pipe. */
import type { RunningTool } from "./running_tool.ts";

const libc = Deno.dlopen("libc.so.6", {
  // pid_t gettid(void)
  gettid: { parameters: [], result: "i32" },
});

/** The thread of this test, which is not the first one of its process. */
export const thread = libc.symbols.gettid();

/** Lines that were printed while the tool's own process was at work. */
export const ofTool = (text: string) => ({ pid }: RunningTool) =>
  new RegExp(`-${pid} .*: bpf_trace_printk: ${text}$`, "gm");

/** Lines that were printed while the thread of this test was at work. */
export const ofTest = (text: string) => () =>
  new RegExp(`-${thread} .*: bpf_trace_printk: ${text}$`, "gm");

/** Lines that were printed by any task. */
export const ofAny = (text: string) => () => new RegExp(`: bpf_trace_printk: ${text}$`, "gm");
