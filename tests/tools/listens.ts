/** Sockets that are made to listen, in the network of a tool: tests/workloads/listens.c. */
import type { RunningTool } from "../kernel/running_tool.ts";
import { runBeside } from "./tcp_workload.ts";

export const listens = new URL("../../build/tests/listens", import.meta.url).pathname;

/** Has sockets listen. @returns the process, and the port of the first one */
export function runListens(
  tool: RunningTool,
  kind: "plain" | "mptcp" | "uring" | "compat",
): { pid: number; port: number } {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  const [pid, port] = runBeside(tool, listens, kind).trim().split(" ").map(Number);
  return { pid, port };
}
