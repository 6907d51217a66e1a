import { cgroupMount, mountPoints } from "#lib/sys/cgroups.ts";
import { exists } from "../exists.ts";
import { Cgroup } from "../kernel/cgroup.ts";
import { type RunningTool, startCommand } from "../kernel/running_tool.ts";

const eat = new URL("../../build/tests/eat", import.meta.url).pathname;
const TOO_MUCH = "1024"; // MiB
const mountinfo = Deno.readTextFileSync("/proc/self/mountinfo");

/** Where cgroups of version 1 limit memory; undefined where those of version 2 do. */
const legacy = mountPoints(mountinfo, "cgroup").find((path) =>
  exists(`${path}/memory.limit_in_bytes`)
);

/** A cgroup of its own whose memory has a limit, of the version that the host uses for memory. */
export class MemoryCgroup extends Cgroup {
  /** The program that takes memory: tests/workloads/eat.c. */
  readonly eater = eat;

  constructor(mib: number) {
    const mount = legacy ?? cgroupMount()!;
    if (legacy === undefined) Deno.writeTextFileSync(`${mount}/cgroup.subtree_control`, "+memory");
    super(mount);
    const limit = legacy === undefined ? "memory.max" : "memory.limit_in_bytes";
    this.write(limit, String(mib << 20));
    if (exists(`${this.path}/memory.swap.max`)) this.write("memory.swap.max", "0");
  }

  /** Its path below the mount, as the tools show it. */
  get shown(): string {
    return this.path.slice(this.path.lastIndexOf("/"));
  }

  write(file: string, text: string): void {
    Deno.writeTextFileSync(`${this.path}/${file}`, text);
  }

  /** Starts a process of it there, and resolves when it has this much memory. */
  async eaten(mib: number, ...how: "leaving"[]): Promise<RunningTool> {
    const process = startCommand(this.command(eat, String(mib), ...how));
    await process.until("eaten");
    return process;
  }

  /**
   * Has a process there take this much memory, for which another is killed: its pid. It may be killed too,
   * where it asks again before the memory of the other is free.
   */
  async eatInstead(mib: number): Promise<number> {
    await using process = startCommand(this.command(eat, String(mib)));
    await process.until("eaten").catch(() => process.finish());
    return process.pid;
  }

  /** Has a process there take more memory than it may, and be killed: its pid. */
  async eatTooMuch(): Promise<number> {
    await using process = startCommand(this.command(eat, TOO_MUCH));
    const { signal } = await process.finish();
    if (signal !== "SIGKILL") throw new Error("the kernel has not killed it");
    return process.pid;
  }

  /** How many of its processes the kernel says it has killed. */
  kills(): number {
    const file = legacy === undefined ? "memory.events" : "memory.oom_control";
    const text = Deno.readTextFileSync(`${this.path}/${file}`);
    return Number(/^oom_kill (\d+)$/m.exec(text)![1]);
  }
}
