import type { Scenario } from "../kernel/scenario.ts";

/** The first thread of this process, which waits for the tool to end. */
export const scenario: Scenario = {
  args: ["-K", "--state", "S", "-t", `${Deno.pid}`, "--rows", "1", "1"],
  event: () => new RegExp(`^ {4}target: {10}.+ ${Deno.pid}\n {8}\\d+$`, "gm"),
  count: 1,
};
