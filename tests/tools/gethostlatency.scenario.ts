import type { Scenario } from "../kernel/scenario.ts";
import { Stepped } from "./stepped.ts";

let pid = 0;

/** Lookups that find something, and those of what can be no host. */
export const scenario: Scenario = {
  async workload() {
    const process = await Stepped.start("lookups", ["local", "numeric", "names"]);
    pid = process.pid;
    await process.lines();
  },
  event: () =>
    new RegExp(
      `^\\S+ ${pid} +lookups +\\d+\\.\\d{3} +(localhost +-|999\\.999\\.999\\.999 +EAI_NONAME) *$`,
      "gm",
    ),
  count: 23 + 7 + 13,
};
