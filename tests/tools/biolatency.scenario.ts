import { LoopDevice } from "./loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

let name = "";

/** The histogram of one write, to a disk of its own. */
export const scenario: Scenario = {
  args: ["-De", "--ops", "--ppid", String(Deno.pid), "1"], // others may write to a disk of this name
  workload: async () => {
    using disk = new LoopDevice();
    name = disk.name;
    const [command, ...args] = disk.writes(1);
    await new Deno.Command(command, { args, stderr: "null" }).output();
  },
  event: () => new RegExp(`^disk = ${name} {2}op = Write {2}avg = .*, count: 1$`, "gm"),
  count: 1,
  interrupted: true, // completions of other disks come in interrupts
};
