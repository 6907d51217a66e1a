/** Sockets that are bound, in the network of a tool: tests/workloads/binds.c. */
import type { RunningTool } from "../kernel/running_tool.ts";
import { runBeside } from "./tcp_workload.ts";

export const binds = new URL("../../build/tests/binds", import.meta.url).pathname;

export type BindKind =
  | "plain"
  | "options"
  | "families"
  | "bad"
  | "mapped"
  | "mptcp"
  | "uring"
  | "compat";

/** Binds sockets. @returns the process, the port that it asked for, and a path that it bound to, if any */
export function runBinds(
  tool: RunningTool,
  kind: BindKind,
  port = 7001,
): { pid: number; port: number; path: string } {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  const [pid, asked, path = ""] = runBeside(tool, binds, kind, `${port}`).trim().split(" ");
  return { pid: Number(pid), port: Number(asked), path };
}
