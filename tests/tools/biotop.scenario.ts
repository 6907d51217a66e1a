import { LoopDevice } from "./loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The disk of the workload and its process: other tests may write to one of the same name. */
let name = "";
let pid = 0;

/** The row of a process that writes, to a disk that comes after the tool. */
export const scenario: Scenario = {
  args: ["-C", "--rows", "1000"],
  workload: async () => {
    using disk = new LoopDevice();
    name = disk.name;
    const [command, ...args] = disk.writes(1);
    const child = new Deno.Command(command, { args, stdout: "null", stderr: "null" }).spawn();
    pid = child.pid;
    await child.status;
  },
  event: () => new RegExp(`^${pid} +dd +W \\d+ +\\d+ +${name} +1 +4 +[\\d.]+$`, "gm"),
  count: 1,
  interrupted: true, // completions of other disks come in interrupts
};
