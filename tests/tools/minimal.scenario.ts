import type { Scenario } from "../kernel/scenario.ts";

export const scenario: Scenario = {
  needs: ["tracefs", "pid_namespace"],
  alone: "trace_pipe",
  args: ["--events", "3"],
  event: ({ pid }) => new RegExp(`: bpf_trace_printk: BPF triggered from PID ${pid}\\.$`, "gm"),
  count: 3,
};
