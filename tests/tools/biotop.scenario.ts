import { LoopDevice } from "../kernel/loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

let name = "";

/** The row of a process that reads, from a disk that comes after the tool. */
export const scenario: Scenario = {
  args: ["-C", "--rows", "1000"],
  workload: async () => {
    using disk = new LoopDevice();
    name = disk.name;
    const [command, ...args] = disk.writes(1);
    await new Deno.Command(command, { args, stderr: "null" }).output();
  },
  event: () => new RegExp(`^\\d+ +dd +W \\d+ +\\d+ +${name} +1 +4 +[\\d.]+$`, "gm"),
  count: 1,
  interrupted: true, // completions of other disks come in interrupts
};
