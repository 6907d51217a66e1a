import { LoopDevice } from "../kernel/loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

let name = "";

/** Each of 23 writes, to a disk that comes after the tool. */
export const scenario: Scenario = {
  args: ["-Q"],
  workload: async () => {
    using disk = new LoopDevice();
    name = disk.name;
    const [command, ...args] = disk.writes(23);
    await new Deno.Command(command, { args, stderr: "null" }).output();
  },
  event: () => new RegExp(`^[\\d.]+ +dd +\\d+ +${name} +W\\w* +\\d+ +4096( +[\\d.]+){2}$`, "gm"),
  count: 23,
  interrupted: true, // completions of other disks come in interrupts
};
