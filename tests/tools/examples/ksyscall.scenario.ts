import type { Scenario } from "../../kernel/scenario.ts";
import { ofTest } from "../../kernel/trace_pipe.ts";

export const scenario: Scenario = {
  needs: ["kprobe", "tracefs"],
  alone: "trace_pipe",
  workload() {
    for (let i = 0; i < 23; i++) Deno.kill(Deno.pid, "SIGCONT");
  },
  event: ofTest(`KILL syscall called by PID (\\d+) for PID \\1 with signal 18\\.`),
  count: 23,
};
