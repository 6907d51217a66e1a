/** Questions of DNS, and a server that answers some of them: tests/workloads/dns.c. */
import { assert } from "@std/assert";
import type { RunningTool } from "../kernel/running_tool.ts";
import { runBeside } from "./tcp_workload.ts";

const workload = new URL("../../build/tests/dns", import.meta.url).pathname;

/** Its processes. */
export interface Asking {
  readonly client: number;
  readonly server: number;
}

function parsed(output: string): Asking {
  const [client, server] = output.trim().split(" ").map(Number);
  return { client, server };
}

/** Questions that begin with `how`, of which each is another. */
export const questions = (how: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${how}${at}`);

/** Asks in this thread's network. */
export function ask(names: readonly string[], where = "53"): Asking {
  const { success, stdout, stderr } = new Deno.Command(workload, { args: [where, ...names] })
    .outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return parsed(new TextDecoder().decode(stdout));
}

/** Asks in the network of a tool. */
export function askBeside(tool: RunningTool, names: readonly string[], where = "53"): Asking {
  runBeside(tool, "ip", "link", "set", "lo", "up");
  return parsed(runBeside(tool, workload, where, ...names));
}
