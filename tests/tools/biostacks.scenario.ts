import { LoopDevice } from "./loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

/** The stack of one write, to a disk of its own. */
export const scenario: Scenario = {
  args: ["--ppid", String(Deno.pid), "--op", "write", "-i", "1"],
  workload: async () => {
    using disk = new LoopDevice();
    const [command, ...args] = disk.writes(1);
    await new Deno.Command(command, { args, stderr: "null" }).output();
  },
  event: () => /^dd .* write\nblk_mq_submit_bio\n(\S+\n)*blkdev_write_iter\n(.+\n)+.* : 1 .*\n/gm,
  count: 1,
  interrupted: true, // requests of other disks end in interrupts
};
