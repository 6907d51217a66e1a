import type { Scenario } from "../kernel/scenario.ts";
import { runListens } from "./listens.ts";

let run: { readonly pid: number; readonly port: number } | undefined;

/** The calls of a process, of which one in two on one socket has no port before it, and some fail. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    run = runListens(tool, "plain");
  },
  event: () =>
    new RegExp(
      `^${run?.pid} +listens +(0 +(7|11) +TCPv4 +${run?.port} 0\\.0\\.0\\.0|` +
        "0 +1000000 +TCPv6 +[1-9]\\d* +::1|(0|EADDRINUSE) +3 +TCPv4 +[1-9]\\d* +127\\.0\\.0\\.1|" +
        `0 +13 +UNIX +- +@denobpf\\\\nlistens-${run?.pid}-\\d|` +
        "EOPNOTSUPP +1 +UDPv4 +0 +0\\.0\\.0\\.0|(EBADF|ENOTSOCK) +1 +- +- +-) *$",
      "gm",
    ),
  count: 23,
};
