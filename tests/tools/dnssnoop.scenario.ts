import { askBeside, questions } from "./dns_workload.ts";
import type { Scenario } from "../kernel/scenario.ts";

let client = 0;

/** Questions that are answered, and those that are not. */
export const scenario: Scenario = {
  args: ["--timeout", "3"],
  isolated: true,
  workload(tool) {
    ({ client } = askBeside(tool, [
      ...questions("ok", 3),
      ...questions("6no", 1),
      ...questions("lo", 1),
    ]));
  },
  event: () =>
    new RegExp(
      `^${client} +dns +(A +NOERROR +\\d+\\.\\d\\d|AAAA +NXDOMAIN +\\d+\\.\\d\\d|A +TIMEOUT +-) ` +
        "127\\.0\\.0\\.1 +(ok\\d|no0|lo0)\\.example\\.test *$",
      "gm",
    ),
  count: 5,
};
