/** Data that wait to be read, in the network of a tool: tests/workloads/reads.c. */
import type { RunningTool } from "../kernel/running_tool.ts";
import { runBeside } from "./tcp_workload.ts";

const reads = new URL("../../build/tests/reads", import.meta.url).pathname;

/** Reads a number of times. @returns the process, and the port of its end that reads */
export function runReads(
  tool: RunningTool,
  kind: "once" | "peeked" | "parts" | "behind",
  count: number,
): { pid: number; port: number } {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  const [pid, port] = runBeside(tool, reads, kind, `${count}`).split(" ").map(Number);
  return { pid, port };
}
