import { LoopDevice } from "./loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The disk of the workload and its process: other tests may write to one of the same name. */
let name = "";
let pid = 0;

/** Each of 23 writes, to a disk that comes after the tool. */
export const scenario: Scenario = {
  args: ["-Q"],
  workload: async () => {
    using disk = new LoopDevice();
    name = disk.name;
    const [command, ...args] = disk.writes(23);
    const child = new Deno.Command(command, { args, stdout: "null", stderr: "null" }).spawn();
    pid = child.pid;
    await child.status;
  },
  event: () => new RegExp(`^[\\d.]+ +dd +${pid} +${name} +W\\w* +\\d+ +4096( +[\\d.]+){2}$`, "gm"),
  count: 23,
  interrupted: true, // completions of other disks come in interrupts
};
