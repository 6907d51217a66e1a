import type { Scenario } from "../kernel/scenario.ts";

const workload = new URL("../../build/tests/checks", import.meta.url).pathname;

/** Checks that are refused. */
export const scenario: Scenario = {
  args: ["--cap", "CAP_SYS_CHROOT"],
  workload: () => new Deno.Command(workload, { args: ["nobody", "23"] }).output(),
  event: () => /^\S+ 65534 +\d+ +checks +18 +CAP_SYS_CHROOT +\S +deny/gm,
  count: 23,
};
