import type { Scenario } from "../kernel/scenario.ts";
import { runBinds } from "./binds.ts";

let run: { readonly pid: number; readonly port: number } | undefined;

/** The calls of a process that get the port that they ask for, want one that is taken, or may not. */
export const scenario: Scenario = {
  isolated: true,
  workload(tool) {
    run = runBinds(tool, "plain");
  },
  event: () =>
    new RegExp(
      `^${run?.pid} +binds +((0|EADDRINUSE|EACCES) +TCP +\\.{5} 0 +\\d+ +127\\.0\\.0\\.1|` +
        "0 +UNIX +\\.{5} 0 +- +@denobpf\\\\nbinds) *$",
      "gm",
    ),
  count: 23,
};
