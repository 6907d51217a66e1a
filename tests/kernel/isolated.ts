/** Tools in a network of their own, where no packets are but those that a test sends. */
import { run } from "./network_namespace.ts";
import { type RunningTool, startCommand, toolCommand } from "./running_tool.ts";

/** The option of tools for sockets that leaves out all networks but the one that they run in. */
const OWN_NETWORK = '--netns "$(stat --dereference --format=%i /proc/self/ns/net)"';

/**
 * Starts a tool as startTool() does, in a network that has nothing but `lo`.
 * @param alone whether it is to trace that network only, not those of other tests
 */
export function startIsolated(
  name: string,
  args: readonly string[] = [],
  alone = false,
): RunningTool {
  const script = `ip link set lo up && exec "$@" ${alone ? OWN_NETWORK : ""}`;
  return startCommand(
    ["unshare", "--net", "sh", "-c", script, "sh", ...toolCommand(name), ...args],
    {
      env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
    },
  );
}

/** Sends datagrams of one byte to a port of the tool's network. */
export function sendTo({ pid }: RunningTool, count: number, port: number): void {
  const script = `for ((i = 0; i < ${count}; i++)); do echo > /dev/udp/127.0.0.1/${port}; done`;
  run("nsenter", `--net=/proc/${pid}/ns/net`, "bash", "-c", script);
}
