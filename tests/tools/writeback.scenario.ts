import { ext4 } from "./file_calls.ts";
import { run } from "./loop_device.ts";
import type { Scenario } from "../kernel/scenario.ts";

let name = "";

/** A file of 101 pages, and nothing else on its disk, is written because sync asks for it. */
export const scenario: Scenario = {
  workload: () => {
    using disk = ext4();
    name = disk.name;
    Deno.writeFileSync(`${disk.path}/file`, new Uint8Array(101 * 4096));
    run("sync", "-f", disk.path);
  },
  event: () => new RegExp(`^[\\d:]+ ${name} +101 +sync +\\d+\\.\\d{3} +sync$`, "gm"),
  count: 1,
};
