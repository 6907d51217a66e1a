import { LoopDevice } from "./loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The histogram of one write, to a disk of its own. */
export const scenario: Scenario = {
  args: ["--ppid", String(Deno.pid), "1"],
  workload: async () => {
    using disk = new LoopDevice();
    const [command, ...args] = disk.writes(1);
    await new Deno.Command(command, { args, stderr: "null" }).output();
  },
  event: () => /^Process Name = dd {2}op = Write\n.*\n {9}4 -> 7 {10}: 1 {8}\|\*{40}\|$/gm,
  count: 1,
  interrupted: true, // requests of other disks may be issued in interrupts
};
