/** Tools in a network of their own, where no packets are but those that a test sends. */
import { run } from "./network_namespace.ts";
import { type RunningTool, startCommand, toolCommand } from "./running_tool.ts";

/** Starts a tool as startTool() does, in a network that has nothing but `lo`. */
export function startIsolated(name: string, args: readonly string[] = []): RunningTool {
  const script = 'ip link set lo up && exec "$@"';
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
