import { LoopDevice } from "./loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

let name = "";

/** A row of one write, to a disk of its own. What sets up the disk may read it, for partitions. */
export const scenario: Scenario = {
  args: ["--ppid", String(Deno.pid), "--comm", "dd", "1"],
  workload: async () => {
    using disk = new LoopDevice();
    name = disk.name;
    const [command, ...args] = disk.writes(1);
    await new Deno.Command(command, { args, stderr: "null" }).output();
  },
  event: () => new RegExp(`^${name} +0 +0 +1 +4$`, "gm"),
  count: 1,
  interrupted: true, // requests of other disks may be issued in interrupts
};
