import type { Scenario } from "../kernel/scenario.ts";
import { TypedShell } from "./typed.ts";

let pid = 0;

/** Lines of a shell that starts while the tool runs. */
export const scenario: Scenario = {
  async workload() {
    await using shell = await TypedShell.start("/bin/bash");
    pid = shell.pid;
    await shell.type(...Array.from({ length: 23 }, (_, at) => `: line ${at}`));
  },
  event: () => new RegExp(`^\\d\\d:\\d\\d:\\d\\d +${pid} +: line \\d+ *$`, "gm"),
  count: 23,
};
