import { LoopDevice } from "./loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The disk of the workload and its processes: other tests may flush one of the same name. */
let name = "";
const pids: number[] = [];

/** A flush each of 7 processes, of a disk that comes after the tool. */
export const scenario: Scenario = {
  workload: async () => {
    using disk = new LoopDevice();
    name = disk.name;
    const [command, ...args] = disk.flush();
    for (let i = 0; i < 7; i++) {
      const child = new Deno.Command(command, { args, stdout: "null", stderr: "null" }).spawn();
      pids.push(child.pid);
      await child.status;
    }
  },
  event: () => new RegExp(`^[\\d:]+ (${pids.join("|")}) +dd +${name} +0 +\\d+\\.\\d{3}$`, "gm"),
  count: 7,
  interrupted: true, // completions come in interrupts
};
